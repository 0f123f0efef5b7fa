package android.os

class Looper { companion object { fun getMainLooper(): Looper = TODO() } }
class Build { object VERSION { val SDK_INT: Int = TODO() } }
