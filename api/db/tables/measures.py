"""What positions measure, kept so that a month of fixes is not measured at every look: no fact, but a memory."""

from sqlmodel import SQLModel

from api.db.tables.columns import At, BureauKey, IdKey, Json, JsonList, Metres, Str, check, refers


class TripMeasure(SQLModel, table=True):
    """What one device's fixes say of one use: metres, stops, ways. Made anew when a fix or a setting is another.

    It holds while the device has `fix_count` fixes in the use's time and `settings_key` is the digest of what else the
    measure rests on. Fixes are append-only: the same number is the same fixes.
    """

    __tablename__ = "trip_measure"
    __table_args__ = (
        refers("use_id", "vehicle_use"),
        refers("device_id", "device"),
        check("amounts", "fix_count > 0 AND length_m >= 0 AND unobserved_m >= 0 AND kept BETWEEN 0 AND fix_count"),
    )
    bureau_id: BureauKey
    use_id: IdKey
    device_id: IdKey
    fix_count: int
    settings_key: Str
    length_m: Metres
    unobserved_m: Metres
    kept: int
    dropped: Json
    """How many fixes do not count, by reason."""
    unobserved: JsonList
    stops: JsonList
    legs: JsonList
    computed_at: At
