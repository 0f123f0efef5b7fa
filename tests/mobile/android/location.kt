package android.location

import android.app.PendingIntent
import android.os.Looper

class Location(provider: String?) {
    val provider: String? = TODO()
    val time: Long = TODO()
    val accuracy: Float = TODO()
    val speed: Float = TODO()
    val isFromMockProvider: Boolean = TODO()
    var latitude: Double = TODO()
    var longitude: Double = TODO()
    fun distanceTo(dest: Location): Float = TODO()
}

fun interface LocationListener { fun onLocationChanged(location: Location) }

class LocationManager {
    fun getProviders(enabledOnly: Boolean): List<String> = TODO()
    fun getLastKnownLocation(provider: String): Location? = TODO()
    fun requestLocationUpdates(provider: String, minTimeMs: Long, minDistanceM: Float, listener: LocationListener, looper: Looper?): Unit = TODO()
    fun removeUpdates(listener: LocationListener): Unit = TODO()
    fun addProximityAlert(latitude: Double, longitude: Double, radius: Float, expiration: Long, intent: PendingIntent): Unit = TODO()
    fun removeProximityAlert(intent: PendingIntent): Unit = TODO()

    companion object {
        const val FUSED_PROVIDER = "fused"
        const val GPS_PROVIDER = "gps"
        const val KEY_PROXIMITY_ENTERING = "entering"
    }
}
