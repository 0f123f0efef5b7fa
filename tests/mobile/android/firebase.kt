package com.google.firebase.messaging

import android.content.Context

class RemoteMessage { val data: Map<String, String> = TODO() }

abstract class FirebaseMessagingService : Context() { // a Service, and so a Context
    override val applicationContext: Context = TODO()
    override val noBackupFilesDir: java.io.File = TODO()
    override fun checkSelfPermission(permission: String): Int = TODO()
    override fun <T> getSystemService(serviceClass: Class<T>): T = TODO()
    open fun onNewToken(token: String) {}
    open fun onMessageReceived(message: RemoteMessage) {}
}
