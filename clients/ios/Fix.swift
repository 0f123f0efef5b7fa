// A position, and the permission to have one, as the API names them.
import CoreLocation

/// One ping; `transition` is what the phone's own region monitoring says, then the fix may be missing.
func ping(_ fix: CLLocation?, _ transition: [String: Any]? = nil) -> [String: Any] {
    let members: [String: Any?] = [
        "at": now(fix?.timestamp ?? Date()),
        "lon": fix?.coordinate.longitude,
        "lat": fix?.coordinate.latitude,
        "accuracy_m": fix?.horizontalAccuracy,
        "level": fix?.floor?.level,
        "speed_mps": fix.flatMap { $0.speed < 0 ? nil : $0.speed },
        "mocked": fix?.sourceInformation?.isSimulatedBySoftware ?? false,
        "source": "fused",
        "transition": transition,
    ]
    return members.compactMapValues { $0 }
}

extension CLAuthorizationStatus {
    var word: String {
        switch self {
        case .authorizedAlways: return "always"
        case .authorizedWhenInUse: return "while_in_use"
        case .notDetermined: return "unknown"
        default: return "denied"
        }
    }
}
