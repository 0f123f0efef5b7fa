// Where Android and Firebase call in; both classes are named in the manifest (docs/mobile.md).
package com.example.geoengage

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.location.LocationManager
import com.google.firebase.messaging.FirebaseMessagingService
import com.google.firebase.messaging.RemoteMessage

/** Circles that were crossed, and BOOT_COMPLETED, because a restart forgets the circles. */
class GeoEngageReceiver : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        val result = goAsync()
        val entering = intent.getBooleanExtra(LocationManager.KEY_PROXIMITY_ENTERING, false)
        GeoEngage.get(context).crossed(intent.data?.schemeSpecificPart.orEmpty(), entering) { result.finish() }
    }
}

/** The push address whenever Firebase changes it, and pushes that arrive while the app is open. */
class GeoEngageMessages : FirebaseMessagingService() {
    override fun onNewToken(token: String) = GeoEngage.get(this).pushToken(token)

    override fun onMessageReceived(message: RemoteMessage) {
        message.data["message_id"]?.let { GeoEngage.get(this).receipt(it, "received") }
    }
}
