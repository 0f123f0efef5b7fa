// The device token in the system's key store, on this phone only; and times as the API writes them.
import Foundation
import Security

enum Keychain {
    private static let place: [CFString: Any] = [
        kSecClass: kSecClassGenericPassword, kSecAttrService: "geoengage", kSecAttrAccount: "device_token",
    ]

    static var token: String? {
        get {
            var found: CFTypeRef?
            let query = place.merging([kSecReturnData: true]) { $1 }
            guard SecItemCopyMatching(query as CFDictionary, &found) == errSecSuccess else { return nil }
            return (found as? Data).flatMap { String(data: $0, encoding: .utf8) }
        }
        set {
            SecItemDelete(place as CFDictionary)
            guard let data = newValue?.data(using: .utf8) else { return }
            let kept = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
            let item = place.merging([kSecValueData: data, kSecAttrAccessible: kept]) { $1 }
            SecItemAdd(item as CFDictionary, nil)
        }
    }
}

/// A moment as RFC 3339 with milliseconds.
func now(_ date: Date = Date()) -> String {
    let format = ISO8601DateFormatter()
    format.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    return format.string(from: date)
}
