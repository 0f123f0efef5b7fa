"""The rules that scenarios guard, by id. A test switches each off in the running engine and sees its scenarios fail."""

from enum import StrEnum


class Guard(StrEnum):
    """A rule of presence (DESIGN section 4). `says` is the rule in a sentence."""

    says: str

    def __new__(cls, id_: str, says: str) -> "Guard":
        made = str.__new__(cls, id_)
        made._value_, made.says = id_, says
        return made

    # 0, 1: what is taken in
    CONSENT = "consent", "Without location consent a ping is refused, and a withdrawal ends open visits."
    FUTURE = "future", "A ping more than 60 s ahead of now is refused."
    NULL_ISLAND = "null_island", "The position (0, 0) is refused."
    MOCK_LOCATION = "mock_location", "A position that the phone marks as made up is refused, if the tenant says so."
    IMPOSSIBLE_SPEED = "impossible_speed", "A position that needs more than 70 m/s from the last good one is refused."
    FAST_MOVER = "fast_mover", "Between 7 and 70 m/s confidence falls."
    UNKNOWN_ACCURACY = "unknown_accuracy", "An accuracy that is missing or not above 0 counts as the tenant's default."
    DUPLICATE = "duplicate", "The same (device, time as sent) counts once."
    DUPLICATE_AS_SENT = "duplicate_as_sent", "Duplicates are known by the phone's own time, before skew is corrected."
    SKEW = "skew", "A phone's clock that is off by more than 30 s is corrected by what it says when sending."
    SKEW_THRESHOLD = "skew_threshold", "A difference of up to 30 s is delay, not a wrong clock."
    EVENT_ORDER = "event_order", "Pings count in the order of their own times, not of their arrival."
    # 2: level
    LEVEL_MATCH = "level_match", "A fix that names a floor matches zones on that floor only."
    LEVEL_EXIT = "level_exit", "Another floor is outside, at the same spot too."
    LEVEL_PRIOR = "level_prior", "A phone that never named a floor is not believed to be on one in particular."
    LEVEL_BELIEF = "level_belief", "The last floor named counts on for a while when later fixes name none."
    LEVEL_FADES = "level_fades", "A floor named long ago counts less and less."
    LEVEL_CONNECTOR = "level_connector", "A floor named before a lift, escalator or stairs counts less."
    LEVEL_REPORT = "level_report", "One report of another floor, against several, is not believed."
    LEVEL_OUTDOORS = "level_outdoors", "Who was outside the building comes in on the ground floor."
    # 3: confidence
    DISC_SHARE = "disc_share", "Confidence is the share of the accuracy disc that lies inside."
    READINGS_TOGETHER = "readings_together", "Successive readings of beacons count together, and those of before tell."
    SILENT_BEACONS = "silent_beacons", "A beacon of the map that is not heard lies further off than those that are."
    FAR_FROM_BEACONS = (
        "far_from_beacons",
        "A phone's own position far from where several beacons put it counts for nothing.",
    )
    # 4: coming, leaving, silence, crossing
    CONFIRMATION = "confirmation", "One fix inside is not believed before it is confirmed."
    CONFIRMED_BY_TIME = "confirmed_by_time", "One fix inside that nothing contradicts enters after enter_s."
    WALKS_ON = "walks_on", "Who walks on is not in: that neither begins nor confirms anything."
    WALKED_BEFORE = "walked_before", "To have walked since a fix 15 s ago or longer is no sign against the next one."
    HARDLY_NEWS = "hardly_news", "A second fix soon after the first errs like it, and confirms only if it is certain."
    SLOW_PHONE = "slow_phone", "One fix of a slow phone is not believed before its next could have contradicted it."
    SPARSE_PHONE = "sparse_phone", "A phone that reports every two minutes or less often enters on one fix."
    EXIT_TOLERANCE = "exit_tolerance", "Outside begins exit_tolerance_m beyond the edge."
    EXIT_ACCURACY = "exit_accuracy", "Outside begins the fix's accuracy beyond that."
    EXIT_DELAY = "exit_delay", "A visit ends only when outside has held for exit_s."
    SILENCE = "silence", "Silence for timeout_s ends the visit at the last moment seen."
    CROSSING = "crossing", "The straight way between two fixes that cuts a zone is a short visit, if the zone says so."
    CROSSING_GAP = "crossing_gap", "Between fixes more than 60 s apart nobody knows the way."
    CROSSING_ACCURACY = "crossing_accuracy", "Vague fixes show no way."
    # 5: dwell
    DWELL_BY_TIMER = "dwell_by_timer", "A dwell mark is reached at its own time, without waiting for a ping."
    DWELL_SILENCE = (
        "dwell_silence",
        "A mark waits for the next ping when the last fix inside is older than dwell_silence_s.",
    )
    DWELL_RETRACTED = "dwell_retracted", "A mark reached in silence is taken back by a later time-out."
    # 6: late
    LATE_REBUILD = "late_rebuild", "Late pings rebuild the visit that they belong to."
    PUSH_AGE = "push_age", "An event more than 120 s old when it is decided is late."
    # 7: zone life
    ZONE_CHANGED = "zone_changed", "Whoever an edit leaves outside exits at once, with zone_changed."
    ZONE_DELETED = "zone_deleted", "Taking a zone down ends its visits at once, with zone_deleted."
    ZONE_PUBLISHED = "zone_published", "Whoever stands in a new or grown zone enters at once, with zone_published."
    ZONE_KEPT = "zone_kept", "An edit ends nothing for those who are inside before and after."
    ZONE_VERSION = "zone_version", "A position meets the zones as they were at its own time."
    SCHEDULE_CLOSED = "schedule_closed", "Closing ends the visits, at the moment of closing."
    SCHEDULE_OPENED = "schedule_opened", "Whoever is inside at opening enters then."
    SCHEDULE_SEAM = "schedule_seam", "Hours that go on where others end do not close in between."
    SCHEDULE_OVERNIGHT = "schedule_overnight", "Hours that end before they begin go on past midnight."
    SCHEDULE_WALL_CLOCK = "schedule_wall_clock", "Hours are read on the wall clock of the place, summer time and all."
