// What the server has not taken yet, kept in files, and how it is told: the half of the kit that knows no location.
// Language mode Swift 5. Everything runs on the main actor; only waiting for the network does not.
import Foundation
import Security

struct Answer {
    let status: Int
    let body: [String: Any]
    let retryAfter: TimeInterval
}

@MainActor
final class Outbox {
    static let pings = "/v1/pings"
    private static let mostWaiting = 10_000
    private static let mostPings = 500
    private static let stateFile = "geoengage-state.json"
    private static let waitingFile = "geoengage-outbox.json"

    private(set) var state: [String: Any] { didSet { write(state, to: Self.stateFile) } }
    private(set) var waiting: [[String: Any]] { didSet { write(waiting, to: Self.waitingFile) } }
    var onDead: () -> Void = {}
    var again: (TimeInterval) -> Void = { _ in }
    private var pause: TimeInterval = 2
    private var running: Task<Bool, Never>?

    init() {
        state = Self.read(Self.stateFile) as? [String: Any] ?? [:]
        waiting = Self.read(Self.waitingFile) as? [[String: Any]] ?? []
    }

    var isRegistered: Bool { Keychain.token != nil }

    /// Keeps a value; nil removes it.
    func remember(_ name: String, _ value: Any?) { state[name] = value }

    /// Queues a call; `flush` makes it.
    func add(_ method: String, _ path: String, _ body: [String: Any] = [:]) {
        waiting.append(["method": method, "path": path, "body": body])
        if waiting.count > Self.mostWaiting { waiting.removeFirst(Self.mostWaiting / 10) }
    }

    func tell(_ method: String, _ path: String, _ body: [String: Any] = [:]) async {
        add(method, path, body)
        _ = await flush()
    }

    func forgetPings() { waiting.removeAll { $0["path"] as? String == Self.pings } }

    /// Sends what waits, in order; whether all of it is gone. A refusal (4xx) does not get better, so it is dropped.
    func flush() async -> Bool {
        if let running { return await running.value }
        let task = Task { await send() }
        running = task
        defer { running = nil }
        return await task.value
    }

    private func send() async -> Bool {
        while let first = waiting.first, let method = first["method"] as? String, let path = first["path"] as? String {
            if !isRegistered, await !register() { return false }
            var count = 1
            var body = first["body"] as? [String: Any] ?? [:]
            if path == Self.pings {
                let run = waiting.prefix { $0["path"] as? String == Self.pings }.prefix(Self.mostPings)
                count = run.count
                body = ["sent_at": now(), "pings": run.compactMap { $0["body"] }]
            }
            if await mustStop(call(method, path, body)) { return false }
            waiting.removeFirst(min(count, waiting.count))
        }
        remember("flushed_at", Date().timeIntervalSince1970)
        return isRegistered
    }

    private func register() async -> Bool { // the same body under the same key until there is an answer
        guard let body = state["registration"] as? [String: Any], let key = state["key"] as? String
        else { return false }
        let once = state["idempotency"] as? String ?? UUID().uuidString
        remember("idempotency", once)
        let answer = await call("POST", "/v1/devices", body, bearer: key, idempotencyKey: once)
        guard !mustStop(answer), answer.status == 201 else { return false }
        Keychain.token = answer.body["device_token"] as? String
        remember("idempotency", nil)
        return isRegistered
    }

    /// No network or told to wait: `again` comes in time. A dead token (401): all is forgotten, and asked for anew.
    func mustStop(_ answer: Answer) -> Bool {
        if answer.status == 401, isRegistered { forget() }
        if (200..<500).contains(answer.status), answer.status != 429 {
            pause = 2
            return answer.status == 401
        }
        pause = min(pause * 2, 900)
        again(max(pause, answer.retryAfter))
        return true
    }

    func forget() {
        Keychain.token = nil
        waiting = []
        state = state.filter { ["server", "key", "push"].contains($0.key) } // of the app, not of its user
        onDead()
    }

    func call(_ method: String, _ path: String, _ body: [String: Any] = [:], bearer: String? = nil,
              idempotencyKey: String? = nil) async -> Answer {
        let nothing = Answer(status: 0, body: [:], retryAfter: 0) // no network, or it is not our server that answers
        guard let server = state["server"] as? String, let url = URL(string: server + path) else { return nothing }
        var request = URLRequest(url: url, timeoutInterval: 20)
        request.httpMethod = method
        request.setValue("Bearer \(bearer ?? Keychain.token ?? "")", forHTTPHeaderField: "Authorization")
        if let idempotencyKey { request.setValue(idempotencyKey, forHTTPHeaderField: "Idempotency-Key") }
        if !body.isEmpty {
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            request.httpBody = try? JSONSerialization.data(withJSONObject: body)
        }
        guard let (data, response) = try? await URLSession.shared.data(for: request),
              let http = response as? HTTPURLResponse else { return nothing }
        let read = try? JSONSerialization.jsonObject(with: data)
        let wait = http.value(forHTTPHeaderField: "Retry-After").flatMap(TimeInterval.init) ?? 0
        return Answer(status: http.statusCode, body: read as? [String: Any] ?? [:], retryAfter: wait)
    }

    // Readable after the first unlock, because a region may wake the app of a locked phone; never in a backup.
    private static func url(_ file: String) -> URL {
        let folder = FileManager.default.urls(for: .applicationSupportDirectory, in: .userDomainMask)[0]
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.appendingPathComponent(file)
    }

    private static func read(_ file: String) -> Any? {
        (try? Data(contentsOf: url(file))).flatMap { try? JSONSerialization.jsonObject(with: $0) }
    }

    private func write(_ value: Any, to file: String) {
        var url = Self.url(file)
        let data = try? JSONSerialization.data(withJSONObject: value)
        try? data?.write(to: url, options: [.atomic, .completeFileProtectionUntilFirstUserAuthentication])
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try? url.setResourceValues(values)
    }
}
