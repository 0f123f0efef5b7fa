package android.net

class Uri {
    val schemeSpecificPart: String = TODO()
    companion object { @JvmStatic fun parse(uriString: String?): Uri = TODO() }
}
