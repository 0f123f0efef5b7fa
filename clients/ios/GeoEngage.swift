// GeoEngage for iOS 15 and later, with the other files of this folder; no dependency but Firebase Cloud Messaging.
// docs/mobile.md has the purpose strings and says which permission to ask for when. Language mode Swift 5.
import CoreLocation
import UIKit

@MainActor
public final class GeoEngage: NSObject {
    public static let shared = GeoEngage()
    private static let regions = 20 // that one app may have monitored
    static let ours = "geoengage:" // and the zone's id; nothing behind it is the refresh circle
    private let locations = CLLocationManager()
    let outbox = Outbox()
    var config: [String: Any] = [:]
    private var next: Task<Void, Never>?
    var watchedFrom: CLLocation?

    override private init() {
        super.init()
        locations.delegate = self
        outbox.onDead = { [weak self] in self?.stop() }
        outbox.again = { [weak self] seconds in self?.syncIn(seconds) }
    }

    /// In didFinishLaunching (a region may have launched the app), and when it comes to the foreground.
    public func start(server: String, publishableKey: String) {
        outbox.remember("server", server)
        outbox.remember("key", publishableKey)
        if outbox.isRegistered {
            outbox.add("PATCH", "/v1/devices/me",
                ["locale": language, "permission": permission, "timezone": TimeZone.current.identifier])
        }
        work { await self.sync() }
    }

    /// What the user decided: obeyed at once, told when there is network. Before the first call nothing is sent.
    public func consent(location: Bool, push: Bool, personalisation: Bool, text: String, source: String) {
        func said(_ yes: Bool) -> String { yes ? "granted" : "denied" }
        if !location { stop(); outbox.forgetPings() }
        if !outbox.isRegistered, outbox.state["idempotency"] == nil {
            outbox.remember("registration", ["platform": "ios", "locale": language, "permission": permission,
                "timezone": TimeZone.current.identifier])
        }
        outbox.add("PUT", "/v1/devices/me/consents", ["location": said(location), "marketing_push": said(push),
            "personalisation": said(personalisation), "text_version": text, "source": source])
        if let push = outbox.state["push"] as? String { tellPush(push) }
        work { await self.sync() }
    }

    func tellPush(_ token: String) {
        outbox.add("PATCH", "/v1/devices/me", ["push": ["provider": "fcm", "kind": "fcm_token", "address": token]])
    }

    public func logIn(userToken: String) {
        work { await self.outbox.tell("PUT", "/v1/devices/me/link", ["user_token": userToken]) }
    }
    public func logOut() { work { await self.outbox.tell("DELETE", "/v1/devices/me/link") } }
    public func inbox() async -> [[String: Any]]? {
        await outbox.call("GET", "/v1/inbox").body["items"] as? [[String: Any]]
    }
    public func myData() async -> [String: Any] { await outbox.call("GET", "/v1/me").body }
    public func deleteMe() async -> Bool {
        let gone = [200, 401].contains(await outbox.call("DELETE", "/v1/me").status)
        if gone { outbox.forget() }
        return gone
    }

    /// `kind`: received (willPresent), opened (didReceive response) or dismissed, with the notification's userInfo.
    public func receipt(_ userInfo: [AnyHashable: Any], _ kind: String) {
        guard let id = userInfo["message_id"] as? String else { return }
        work { await self.outbox.tell("POST", "/v1/receipts", ["message_id": id, "kind": kind, "at": now()]) }
    }

    func sync() async {
        guard await outbox.flush() else { return }
        let answer = await outbox.call("GET", "/v1/config")
        guard !outbox.mustStop(answer), answer.status == 200 else { return }
        config = answer.body
        syncIn(config["ask_again_s"] as? TimeInterval ?? 900)
        guard config["location_allowed"] as? Bool == true, permission != "denied" else { return stop() }
        let near = config["mode"] as? String == "responsive"
        locations.desiredAccuracy = near ? kCLLocationAccuracyBest : kCLLocationAccuracyHundredMeters
        locations.distanceFilter = config["distance_filter_m"] as? Double ?? 50
        locations.stopUpdatingLocation()
        if config["send_pings"] as? Bool == true { locations.startUpdatingLocation() }
        if config["monitor_regions"] as? Bool == true, let fix = lastFix { await watch(fix) }
    }

    func watch(_ at: CLLocation) async { // the circles of here in the place of those of before
        guard permission == "always" else { return }
        let here = "lon=\(at.coordinate.longitude)&lat=\(at.coordinate.latitude)&limit=\(Self.regions - 1)"
        let near = await outbox.call("GET", "/v1/geofences/nearby?" + here).body
        guard let circles = near["circles"] as? [[String: Any]], let edge = near["refresh"] as? [String: Any]
        else { return }
        unwatch()
        watchedFrom = at
        for circle in circles + [edge] {
            guard let lon = circle["lon"] as? Double, let lat = circle["lat"] as? Double,
                  let radius = circle["radius_m"] as? Double else { continue }
            let identifier = Self.ours + (circle["zone_id"] as? String ?? "")
            let center = CLLocationCoordinate2D(latitude: lat, longitude: lon)
            locations.startMonitoring(for: CLCircularRegion(center: center,
                radius: min(radius, locations.maximumRegionMonitoringDistance), identifier: identifier))
        }
    }

    private func unwatch() {
        for region in locations.monitoredRegions where region.identifier.hasPrefix(Self.ours) {
            locations.stopMonitoring(for: region)
        }
    }

    private func stop() { locations.stopUpdatingLocation(); unwatch(); watchedFrom = nil }
    var lastFix: CLLocation? {
        locations.location.flatMap { $0.timestamp.timeIntervalSinceNow > -120 ? $0 : nil }
    }

    private var language: String { Locale.preferredLanguages.first ?? "en" }
    var permission: String { locations.authorizationStatus.word }

    private func syncIn(_ seconds: TimeInterval) {
        next?.cancel()
        next = Task {
            try? await Task.sleep(nanoseconds: UInt64(seconds * 1e9))
            if !Task.isCancelled { await sync() }
        }
    }

    func work(_ step: @escaping () async -> Void) { // iOS leaves the app some seconds more to finish
        let task = UIApplication.shared.beginBackgroundTask(expirationHandler: nil)
        Task { await step(); UIApplication.shared.endBackgroundTask(task) }
    }
}
