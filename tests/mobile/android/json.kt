package org.json

class JSONObject() {
    constructor(json: String) : this()
    fun has(name: String?): Boolean = TODO()
    fun keys(): Iterator<String> = TODO()
    fun put(name: String, value: Any?): JSONObject = TODO()
    fun getString(name: String): String = TODO()
    fun getInt(name: String): Int = TODO()
    fun getLong(name: String): Long = TODO()
    fun getDouble(name: String): Double = TODO()
    fun getBoolean(name: String): Boolean = TODO()
    fun getJSONObject(name: String): JSONObject = TODO()
    fun getJSONArray(name: String): JSONArray = TODO()
    fun optString(name: String?): String = TODO()
    fun optInt(name: String?): Int = TODO()
    fun optLong(name: String?): Long = TODO()
    fun optDouble(name: String?): Double = TODO()
    fun optJSONObject(name: String?): JSONObject? = TODO()
    fun optJSONArray(name: String?): JSONArray? = TODO()
}

class JSONArray() {
    constructor(copyFrom: Collection<*>) : this()
    fun length(): Int = TODO()
    fun getJSONObject(index: Int): JSONObject = TODO()
    fun put(value: Any?): JSONArray = TODO()
}
