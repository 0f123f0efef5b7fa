// What the server has not taken yet, kept in files, and how it is told: the half of the kit that knows no Android.
// Everything in here runs on the one thread that GeoEngage.kt gives it.
package com.example.geoengage

import java.io.File
import java.net.HttpURLConnection
import java.net.URL
import java.time.Instant
import java.util.UUID
import org.json.JSONArray
import org.json.JSONObject

class Answer(val status: Int, val body: JSONObject, val retryAfterS: Long)

/** `dir` is one that no backup takes to another phone: the token in it is this installation's alone. */
class Outbox(dir: File, private val onDead: () -> Unit, private val again: (seconds: Long) -> Unit) {
    private val memory = Lines(File(dir, "geoengage.state"))
    private val waiting = Lines(File(dir, "geoengage.outbox"))
    private var pauseS = 2L
    val state: JSONObject = memory.all().firstOrNull() ?: JSONObject()
    val size get() = waiting.size
    val isRegistered get() = state.has("token")

    fun remember(vararg changes: Pair<String, Any?>) {
        changes.forEach { state.put(it.first, it.second) } // null removes it
        memory.set(listOf(state))
    }

    /** Queue a call; `flush` makes it. */
    fun add(method: String, path: String, body: JSONObject? = null) =
        waiting.add(json("method" to method, "path" to path, "body" to body))

    fun tell(method: String, path: String, body: JSONObject? = null) {
        add(method, path, body)
        flush()
    }

    fun forgetPings() = waiting.keep { it.getString("path") != PINGS }

    /** Send what waits, in order; whether all of it is gone. A refusal (4xx) does not get better, so it is dropped. */
    fun flush(): Boolean {
        while (waiting.size > 0) {
            if (!isRegistered && !register()) return false
            val first = waiting.all().first()
            val run = if (first.getString("path") != PINGS) listOf(first)
                else waiting.all().takeWhile { it.getString("path") == PINGS }.take(MOST_PINGS).toList()
            val body = if (first.getString("path") != PINGS) first.optJSONObject("body")
                else json("sent_at" to now(), "pings" to JSONArray(run.map { it.getJSONObject("body") }))
            if (mustStop(call(first.getString("method"), first.getString("path"), body))) return false
            waiting.drop(run.size)
        }
        remember("flushed_at" to Instant.now().epochSecond)
        return isRegistered
    }

    private fun register(): Boolean { // the same body under the same key until there is an answer
        val body = state.optJSONObject("registration") ?: return false
        if (!state.has("idempotency")) remember("idempotency" to "${UUID.randomUUID()}")
        val answer = call("POST", "/v1/devices", body, state.optString("key"), state.getString("idempotency"))
        if (mustStop(answer) || answer.status != 201) return false
        remember("token" to answer.body.getString("device_token"), "idempotency" to null)
        return true
    }

    /** No network or told to wait: `again` comes in time. A dead token (401): all is forgotten, and asked for anew. */
    fun mustStop(answer: Answer): Boolean {
        if (answer.status == 401 && isRegistered) forget()
        if (answer.status in 200..499 && answer.status != 429) {
            pauseS = 2
            return answer.status == 401
        }
        pauseS = minOf(pauseS * 2, 900)
        again(maxOf(pauseS, answer.retryAfterS))
        return true
    }

    fun forget() {
        waiting.set(listOf())
        val kept = setOf("server", "key", "push") // that belong to the app and not to its user
        remember(*state.keys().asSequence().filter { it !in kept }.toList().map { it to null }.toTypedArray())
        onDead()
    }

    fun call(
        method: String, path: String, body: JSONObject? = null,
        bearer: String = state.optString("token"), idempotencyKey: String? = null,
    ): Answer = try {
        val connection = URL(state.getString("server") + path).openConnection() as HttpURLConnection
        connection.requestMethod = method
        connection.connectTimeout = 10_000
        connection.readTimeout = 20_000
        connection.setRequestProperty("Authorization", "Bearer $bearer")
        idempotencyKey?.let { connection.setRequestProperty("Idempotency-Key", it) }
        body?.let {
            connection.doOutput = true
            connection.setRequestProperty("Content-Type", "application/json")
            connection.outputStream.use { out -> out.write(it.toString().toByteArray()) }
        }
        val stream = if (connection.responseCode < 400) connection.inputStream else connection.errorStream
        val text = stream?.use { String(it.readBytes()) }.orEmpty()
        val wait = connection.getHeaderField("Retry-After")?.toLongOrNull() ?: 0
        Answer(connection.responseCode, if (text.isEmpty()) JSONObject() else JSONObject(text), wait)
    } catch (_: Exception) { // no network, or something else than our server answers
        Answer(0, JSONObject(), 0)
    }

    companion object {
        const val PINGS = "/v1/pings"
        private const val MOST_PINGS = 500
    }
}

fun json(vararg members: Pair<String, Any?>) = JSONObject().apply { members.forEach { put(it.first, it.second) } }
fun now() = "${Instant.now()}"
fun JSONArray.objects(): List<JSONObject> = (0 until length()).map { getJSONObject(it) }

/** JSON objects in a file, one a line; when there are too many the oldest go. */
private class Lines(private val file: File, private val most: Int = 10_000) {
    private var lines = if (file.exists()) file.readLines() else listOf()
    val size get() = lines.size

    fun all(): Sequence<JSONObject> = lines.asSequence().map { JSONObject(it) }
    fun drop(count: Int) = write(lines.drop(count))
    fun keep(wanted: (JSONObject) -> Boolean) = write(lines.filter { wanted(JSONObject(it)) })
    fun set(items: List<JSONObject>) = write(items.map { "$it" })

    fun add(item: JSONObject) {
        if (size >= most) drop(most / 10)
        lines = lines + "$item"
        file.appendText("$item\n")
    }

    private fun write(now: List<String>) { // whole or not at all, whenever the process dies
        lines = now
        File(file.path + ".new").apply {
            writeText(now.joinToString("") { "$it\n" })
            renameTo(file)
        }
    }
}
