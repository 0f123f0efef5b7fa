// Signatures of the Android classes that the kit uses, for its compilation only; nullable where Android says so.
package android.content

import android.net.Uri
import java.io.File

abstract class Context {
    abstract val applicationContext: Context
    abstract val noBackupFilesDir: File
    abstract fun checkSelfPermission(permission: String): Int
    abstract fun <T> getSystemService(serviceClass: Class<T>): T
}

open class Intent(packageContext: Context, cls: Class<*>) {
    val data: Uri? = TODO()
    fun setData(data: Uri?): Intent = TODO()
    fun getBooleanExtra(name: String?, defaultValue: Boolean): Boolean = TODO()
}

abstract class BroadcastReceiver {
    abstract fun onReceive(context: Context, intent: Intent)
    fun goAsync(): PendingResult = TODO()
    class PendingResult { fun finish(): Unit = TODO() }
}
