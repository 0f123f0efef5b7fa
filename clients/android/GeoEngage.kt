// GeoEngage for Android, with Outbox.kt and Entries.kt beside it; no dependency but Firebase Messaging; minSdk 26.
// docs/mobile.md has the manifest and says which permission to ask for when. All work is done in order on one thread.
package com.example.geoengage

import android.Manifest.permission.ACCESS_BACKGROUND_LOCATION
import android.Manifest.permission.ACCESS_FINE_LOCATION
import android.app.PendingIntent
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager.PERMISSION_GRANTED
import android.location.Location
import android.location.LocationListener
import android.location.LocationManager
import android.net.Uri
import android.os.Build
import android.os.Looper
import java.time.Instant
import java.util.Locale
import java.util.TimeZone
import java.util.concurrent.Executors
import java.util.concurrent.ScheduledFuture
import java.util.concurrent.TimeUnit
import org.json.JSONArray
import org.json.JSONObject

class GeoEngage private constructor(private val app: Context) : LocationListener {
    private val worker = Executors.newSingleThreadScheduledExecutor()
    private val locations = app.getSystemService(LocationManager::class.java)
    private val outbox: Outbox = Outbox(app.noBackupFilesDir, onDead = ::stop, again = ::syncIn)
    private val state get() = outbox.state
    private var next: ScheduledFuture<*>? = null

    /** In Application.onCreate, when the app comes to the foreground, when network or a permission has come back. */
    fun start(server: String, publishableKey: String) = work {
        outbox.remember("server" to server, "key" to publishableKey)
        if (outbox.isRegistered) outbox.add("PATCH", "/v1/devices/me", json("locale" to language(),
            "permission" to permission(), "timezone" to TimeZone.getDefault().id))
        sync()
    }

    /** What the user decided: obeyed at once, told when there is network. Before the first call nothing is sent. */
    fun consent(location: Boolean, push: Boolean, personalisation: Boolean, text: String, source: String) = work {
        fun said(yes: Boolean) = if (yes) "granted" else "denied"
        if (!location) { stop(); outbox.forgetPings() }
        if (!outbox.isRegistered && !state.has("idempotency")) outbox.remember("registration" to json("locale" to
            language(), "platform" to "android", "permission" to permission(), "timezone" to TimeZone.getDefault().id))
        outbox.add("PUT", "/v1/devices/me/consents", json("location" to said(location), "marketing_push" to said(push),
            "personalisation" to said(personalisation), "text_version" to text, "source" to source))
        state.optString("push").ifEmpty { null }?.let { tellPush(it) }
        sync()
    }

    fun pushToken(token: String) = work { // Firebase may have one before there is a consent
        outbox.remember("push" to token)
        if (outbox.isRegistered) tellPush(token)
    }
    private fun tellPush(token: String) = outbox.tell("PATCH", "/v1/devices/me",
        json("push" to json("provider" to "fcm", "kind" to "fcm_token", "address" to token)))

    fun logIn(userToken: String) = work { outbox.tell("PUT", "/v1/devices/me/link", json("user_token" to userToken)) }
    fun logOut() = work { outbox.tell("DELETE", "/v1/devices/me/link") }
    fun inbox(done: (JSONArray?) -> Unit) = work { done(outbox.call("GET", "/v1/inbox").body.optJSONArray("items")) }
    fun myData(done: (JSONObject) -> Unit) = work { done(outbox.call("GET", "/v1/me").body) }
    fun deleteMe(done: (Boolean) -> Unit) = work {
        val gone = outbox.call("DELETE", "/v1/me").status in listOf(200, 401)
        if (gone) outbox.forget()
        done(gone)
    }

    /** `kind`: received, opened, dismissed. The id is `message_id` in a push's data: an extra of the tapped intent. */
    fun receipt(messageId: String, kind: String) =
        work { outbox.tell("POST", "/v1/receipts", json("message_id" to messageId, "kind" to kind, "at" to now())) }

    override fun onLocationChanged(location: Location) = work {
        val waited = System.currentTimeMillis() / 1000 - state.optLong("flushed_at")
        outbox.add("POST", Outbox.PINGS, ping(location))
        if (outbox.size >= state.optInt("send_after") || waited >= state.optLong("send_within_s")) outbox.flush()
        val from = Location("").apply { latitude = state.optDouble("lat"); longitude = state.optDouble("lon") }
        if (state.has("lat") && from.distanceTo(location) > state.optInt("geofence_refresh_m")) watch(location)
    }

    /** The system says that a circle was crossed; no `zone`: the refresh circle, or the phone was started. */
    internal fun crossed(zone: String, entering: Boolean, done: () -> Unit) = work(done) {
        if (!state.has("watched")) return@work // a phone's start without consent, or an alert from before a withdrawal
        if (zone.isEmpty() && entering) return@work // said of the refresh circle as soon as it is watched
        val transition = json("zone_id" to zone, "kind" to if (entering) "enter" else "exit")
        outbox.add("POST", Outbox.PINGS, ping(lastFix()).put("transition", transition.takeIf { zone.isNotEmpty() }))
        sync()
    }

    private fun sync() {
        if (!outbox.flush()) return
        val answer = outbox.call("GET", "/v1/config")
        if (outbox.mustStop(answer) || answer.status != 200) return
        val config = answer.body
        listOf("send_after", "send_within_s", "geofence_refresh_m").forEach { outbox.remember(it to config.getInt(it)) }
        syncIn(config.getLong("ask_again_s"))
        locations.removeUpdates(this)
        if (!config.getBoolean("location_allowed") || !may(ACCESS_FINE_LOCATION)) return stop()
        val source = if (Build.VERSION.SDK_INT >= 31) LocationManager.FUSED_PROVIDER else LocationManager.GPS_PROVIDER
        val (everyMs, metres) = config.getLong("ping_interval_s") * 1000 to config.getInt("distance_filter_m").toFloat()
        if (config.getBoolean("send_pings"))
            locations.requestLocationUpdates(source, everyMs, metres, this, Looper.getMainLooper())
        if (config.getBoolean("monitor_regions")) lastFix()?.let { watch(it) }
    }
    private fun watch(at: Location) { // the circles of here in the place of those of before
        if (!may(ACCESS_BACKGROUND_LOCATION)) return
        val near = outbox.call("GET", "/v1/geofences/nearby?lon=${at.longitude}&lat=${at.latitude}&limit=50").body
        val circles = near.optJSONArray("circles")?.put(near.getJSONObject("refresh")) ?: return
        unwatch()
        outbox.remember("lon" to at.longitude, "lat" to at.latitude, "watched" to circles)
        circles.objects().forEach { locations.addProximityAlert(it.getDouble("lat"), it.getDouble("lon"),
            it.getDouble("radius_m").toFloat(), -1, alert(it.optString("zone_id"))) }
    }
    private fun unwatch() = state.optJSONArray("watched")?.objects()
        ?.forEach { locations.removeProximityAlert(alert(it.optString("zone_id"))) }
    private fun alert(zone: String): PendingIntent { // mutable, because the system adds which way it was crossed
        val intent = Intent(app, GeoEngageReceiver::class.java).setData(Uri.parse("geoengage:$zone"))
        val flags = if (Build.VERSION.SDK_INT >= 31) PendingIntent.FLAG_MUTABLE else 0
        return PendingIntent.getBroadcast(app, 0, intent, flags)
    }
    private fun stop() {
        locations.removeUpdates(this)
        unwatch()
        outbox.remember("watched" to null, "lat" to null, "lon" to null)
    }

    private fun ping(at: Location?) = json("at" to (at?.let { "${Instant.ofEpochMilli(it.time)}" } ?: now()),
        "lon" to at?.longitude, "lat" to at?.latitude, "accuracy_m" to at?.accuracy, "speed_mps" to at?.speed,
        "mocked" to (at?.isFromMockProvider == true), "source" to at?.provider.let { if (it == "gps") "gnss" else it })
    private fun lastFix() = if (!may(ACCESS_FINE_LOCATION)) null else locations.getProviders(true)
        .mapNotNull { locations.getLastKnownLocation(it) }.maxByOrNull { it.time }
        ?.takeIf { System.currentTimeMillis() - it.time < 120_000 }
    private fun may(permission: String) = app.checkSelfPermission(permission) == PERMISSION_GRANTED
    private fun permission() = if (!may(ACCESS_FINE_LOCATION)) "denied"
        else if (Build.VERSION.SDK_INT < 29 || may(ACCESS_BACKGROUND_LOCATION)) "always" else "while_in_use"
    private fun language() = Locale.getDefault().toLanguageTag()
    private fun syncIn(seconds: Long) {
        next?.cancel(false)
        next = worker.schedule({ sync() }, seconds, TimeUnit.SECONDS)
    }
    private fun work(done: () -> Unit = {}, step: () -> Unit) = worker.execute { try { step() } finally { done() } }

    companion object {
        @Volatile private var one: GeoEngage? = null
        fun get(context: Context) =
            one ?: synchronized(this) { one ?: GeoEngage(context.applicationContext).also { one = it } }
    }
}
