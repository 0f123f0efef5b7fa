// Where iOS and Firebase call in: positions, crossed circles, a changed permission, a new push address.
import CoreLocation
import FirebaseMessaging

extension GeoEngage: CLLocationManagerDelegate {
    public func locationManager(_: CLLocationManager, didUpdateLocations fixes: [CLLocation]) {
        let since = Date().timeIntervalSince1970 - (outbox.state["flushed_at"] as? TimeInterval ?? 0)
        fixes.forEach { outbox.add("POST", Outbox.pings, ping($0)) }
        let full = outbox.waiting.count >= config["send_after"] as? Int ?? 1
        if full || since >= config["send_within_s"] as? TimeInterval ?? 0 { work { _ = await self.outbox.flush() } }
        let metres = config["geofence_refresh_m"] as? Double ?? 500
        if let fix = fixes.last, let from = watchedFrom, fix.distance(from: from) > metres {
            work { await self.watch(fix) }
        }
    }

    public func locationManager(_: CLLocationManager, didEnterRegion region: CLRegion) { crossed(region, "enter") }
    public func locationManager(_: CLLocationManager, didExitRegion region: CLRegion) { crossed(region, "exit") }
    public func locationManager(_: CLLocationManager, didFailWithError _: Error) {} // the next fix is as good
    public func locationManagerDidChangeAuthorization(_: CLLocationManager) {
        guard outbox.isRegistered else { return }
        work { await self.outbox.tell("PATCH", "/v1/devices/me", ["permission": self.permission]); await self.sync() }
    }

    private func crossed(_ region: CLRegion, _ kind: String) {
        guard region.identifier.hasPrefix(Self.ours) else { return }
        let zone = String(region.identifier.dropFirst(Self.ours.count))
        outbox.add("POST", Outbox.pings, ping(lastFix, zone.isEmpty ? nil : ["zone_id": zone, "kind": kind]))
        work { await self.sync() }
    }
}

extension GeoEngage: MessagingDelegate {
    public func messaging(_: Messaging, didReceiveRegistrationToken token: String?) {
        outbox.remember("push", token)
        guard let token, outbox.isRegistered else { return } // Firebase may have one before there is a consent
        tellPush(token)
        work { _ = await self.outbox.flush() }
    }
}
