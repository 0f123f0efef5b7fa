package android.app

import android.content.Context
import android.content.Intent

class PendingIntent {
    companion object {
        const val FLAG_MUTABLE = 33554432
        @JvmStatic fun getBroadcast(context: Context?, requestCode: Int, intent: Intent, flags: Int): PendingIntent = TODO()
    }
}
