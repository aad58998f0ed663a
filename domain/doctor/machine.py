"""Verdicts on the service and its machine: one small function a check."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from domain.doctor.facts import Backup, Facts
from domain.doctor.verdict import State, Verdict, judged, unknown

CLOCK_OFF: Final = timedelta(seconds=10)
"""How far a clock may be from a time server's: phones and terminals agree far better."""
MONTHS_LEAST: Final = 2
NOTICE_MONTH: Final = 12
"""From this month on the notice of the next year's holidays should be entered: it comes out around November."""
CERTIFICATE_WARN: Final = timedelta(days=30)
RENEWED_BY_ITSELF: Final = (
    "服务会在到期前 60 天自行续签；没有续签的原因见日志 certificate-not-renewed，重启也会签发新证书。",
    "The service renews it 60 days before: certificate-not-renewed in the log says why not. A restart does it too.",
)
AUTHORITY_WARN: Final = timedelta(days=730)
"""So long before its end there is time to choose a day and to go round all phones."""
AUTHORITY_ENDS: Final = (
    "选定日期：停止服务，把数据目录中的 tls 改名后启动，逐台手机到 /trust 信任新的根证书；到期自动更换时手机都打不开。",
    "Choose a day: stop the service, rename tls in its data, start it, and have each phone trust the new one (/trust).",
)
RENEWED_BY_OTHERS: Final = (
    "换上新证书，服务一分钟内启用。",
    "Renew it: the service takes it up within a minute.",
)
BACKUP_OLD: Final = timedelta(hours=36)
"""A nightly backup that is missed once is not old yet when people come to work; the second time it is."""
OLDER_SCHEMA: Final = (
    "停止服务，运行 zhuanche upgrade：它先备份，再升级。",
    "Stop the service, and run zhuanche upgrade, which makes a backup first.",
)
FOREIGN_SCHEMA: Final = (
    "它由另一版本（多半更新）建立：改用那个版本；本版本不会改动它。",
    "Another release, a newer one mostly, has been at it: use that one. This one leaves it as it is.",
)
QUEUE_FULL: Final = 0.8
DISK_HANGS: Final = (
    "多为网络磁盘或移动硬盘离线：恢复连接，或卸载（umount -l）后重新挂载。",
    "Mostly a network's disk or a USB disk that is off: bring it back, or unmount it (umount -l) and mount it again.",
)
JOBS_STAND: Final = (
    "后台任务没有运行：查看日志中的 job-failed；ZHUANCHE_JOBS 不能都为 no。",
    "Background work does not run: look for job-failed in the log; ZHUANCHE_JOBS must not be no everywhere.",
)


def service(facts: Facts) -> Iterator[Verdict]:
    """Say whether the service answers, and which release it is."""
    at, release = facts.address, facts.release
    runs = facts.runs or release
    if facts.answers and runs != release:
        yield Verdict(
            "service",
            State.UNWELL,
            (
                f"在 {at} 应答的是版本 {runs}，本程序是 {release}",
                f"answers at {at} as release {runs}; this is {release}",
            ),
            (
                "重新启动服务，使其运行已安装的版本；或使用服务所用的那个程序。",
                "Restart the service, so that it runs what is installed; or use the program that it runs.",
            ),
        )
        return
    yield judged(
        "service",
        (f"在 {at} 应答，版本 {release}", f"answers at {at}, release {release}")
        if facts.answers
        else (f"在 {at} 没有应答（本程序版本 {release}）", f"does not answer at {at} (this is release {release})"),
        (
            "启动服务：zhuanche serve，或 systemctl start zhuanche；日志会说明它为何停止。",
            "Start it: zhuanche serve, or systemctl start zhuanche. Its log says why it ended.",
        ),
        amiss=not facts.answers,
    )


def database(facts: Facts) -> Iterator[Verdict]:
    """Say whether the database can be asked, and has the schema of this release."""
    if facts.database_fault is not None:
        helps = (
            "以运行服务的账号和同样的设置运行本命令；数据库在别处时，检查其地址与网络。",
            "Run this as the service's account, with its settings. If the database is elsewhere, look at its network.",
        )
        said = (f"无法使用：{facts.database_fault}", f"cannot be used: {facts.database_fault}")
        yield Verdict("database", State.UNWELL, said, helps)
        return
    found, needed = facts.revision, facts.needed
    yield judged(
        "database",
        (f"PostgreSQL {facts.server}，结构版本 {found}", f"PostgreSQL {facts.server}, schema {found}")
        if found == needed
        else (f"结构版本 {found}，本版本需要 {needed}", f"has schema {found}, this release needs {needed}"),
        OLDER_SCHEMA if found is not None and found < needed else FOREIGN_SCHEMA,
        amiss=found != needed,
    )


def is_overdue(found: Backup, now: datetime) -> bool:
    """Tell whether there should be a newer backup by now."""
    return found.taken_at is None or now - found.taken_at > BACKUP_OLD


def backup(facts: Facts) -> Iterator[Verdict]:
    """Say how old the newest backup is, and why the last try failed."""
    if facts.backup is None:
        yield unknown("backup")
        return
    taken, failure = facts.backup.taken_at, facts.backup.failure
    if taken is None:
        said = (f"{facts.backup.folder} 中没有备份", f"there is none in {facts.backup.folder}")
    else:
        hours = int((facts.now - taken) / timedelta(hours=1))
        said = (f"最近一次在 {hours} 小时前", f"the newest is {hours} hours old")
    if failure is not None:
        said = (f"{said[0]}；上次失败：{failure}", f"{said[1]}; the last try failed: {failure}")
    yield judged(
        "backup",
        said,
        (
            "运行 zhuanche backup；设 ZHUANCHE_BACKUP_TO 即每日自动。",
            "Run zhuanche backup; ZHUANCHE_BACKUP_TO makes it daily.",
        ),
        amiss=failure is not None or is_overdue(facts.backup, facts.now),
    )
    if taken is not None and facts.backup.is_beside_data:
        folder = facts.backup.folder
        yield Verdict(
            "backup",
            State.UNWELL,
            (f"{folder} 与数据在同一磁盘上", f"{folder} lies on the disk of the data"),
            (
                "挂载另一块磁盘并设 ZHUANCHE_BACKUP_TO（若已设，检查是否挂载），或设 ZHUANCHE_BACKUP_COPY。",
                "Name another disk in ZHUANCHE_BACKUP_TO (if you did: is it mounted?), or set ZHUANCHE_BACKUP_COPY.",
            ),
        )


def disks(facts: Facts) -> Iterator[Verdict]:
    """Say how full each disk is, and which does not answer."""
    for place in facts.hanging:
        said = (f"{place} 没有应答", f"{place} does not answer")
        yield Verdict("disk", State.UNWELL, said, DISK_HANGS)
    for disk in facts.disks:
        free = disk.free_bytes / 1024**3
        full = disk.free_bytes < disk.reserve_bytes
        zh = f"{disk.folder}（{'、'.join(disk.holds)}）已用 {disk.used_percent}%，剩余 {free:.1f} GiB"
        en = f"{disk.folder} ({', '.join(disk.holds)}) is {disk.used_percent} % full, {free:.1f} GiB free"
        yield judged(
            "disk",
            (f"{zh}：已停止记录", f"{en}: nothing more is recorded") if full else (zh, en),
            (
                "移走旧备份和日志，或扩大磁盘；不要删除 postgres 目录中的任何内容。",
                "Move old backups and logs away, or enlarge the disk. Delete nothing below postgres/.",
            ),
            amiss=full or disk.used_percent >= facts.disk_warn_percent,
        )
    if not facts.disks and not facts.hanging:
        yield unknown("disk")


def files(facts: Facts) -> Iterator[Verdict]:
    """Say whether the place of attachments can be used."""
    if facts.files is None:
        yield unknown("files")
        return
    place, fault = facts.files.place, facts.files.fault
    yield judged(
        "files",
        (f"附件存放在 {place}", f"attachments lie in {place}")
        if fault is None
        else (f"附件存储 {place} 无法使用：{fault}", f"{place} cannot be used: {fault}"),
        (
            "检查 ZHUANCHE_FILES_URL、AWS_… 凭据、存储桶与网络；出车不受影响，照片留在手机上稍后重发。",
            "Look at ZHUANCHE_FILES_URL, AWS_…, bucket and network. Trips go on; photos wait on their phones.",
        ),
        amiss=fault is not None,
    )


def clock(facts: Facts) -> Iterator[Verdict]:
    """Say whether the machine's clock is right, and whether one that was set is not followed."""
    if facts.numbers.get("zhuanche_clock_held"):
        by_s = facts.numbers.get("zhuanche_clock_database_ahead_seconds", 0.0)
        said = (
            f"数据库时钟被调整了 {by_s:+.0f} 秒，服务仍按原来的时间运行",
            f"the database's clock was set by {by_s:+.0f} s; the service goes on by the time it had",
        )
        helps = (
            "把时钟调回；如果新时间是对的，请运行 zhuanche clock --accept 理由。",
            "Set the clock back; where the new time is the right one, run zhuanche clock --accept WHY.",
        )
        yield Verdict("clock", State.UNWELL, said, helps)
    elif facts.clock_doubt is not None:
        zh, en = facts.clock_doubt
        helps = (
            "把时钟调准；如果时间是对的（长假、停机维修），请运行 zhuanche clock --accept 理由。",
            "Set the clock right; where it is right (a closing, a repair), run zhuanche clock --accept WHY.",
        )
        yield Verdict("clock", State.UNWELL, (f"服务不会开始：{zh}", f"no service would begin: {en}"), helps)
    server = facts.time_server
    if facts.clock_ahead is None:
        yield unknown("clock", f"授时服务器未应答（{server}）", f"no time server answers ({server})")
        return
    off_s = abs(facts.clock_ahead).total_seconds()
    yield judged(
        "clock",
        (f"与 {server} 相差 {off_s:.1f} 秒", f"is {off_s:.1f} s from {server}"),
        ("启用本机的自动校时（timedatectl set-ntp true）。", "Let the machine keep time (timedatectl set-ntp true)."),
        amiss=abs(facts.clock_ahead) > CLOCK_OFF,
    )


def positions(facts: Facts) -> Iterator[Verdict]:
    """Say how many months ahead positions can be stored in."""
    ahead = facts.months_ahead
    if ahead is None:
        yield unknown("positions")
        return
    said = (f"已为今后 {ahead} 个月备好定位表", f"can be stored for {ahead} months ahead")
    yield judged("positions", said, JOBS_STAND, amiss=ahead < MONTHS_LEAST)


def calendar(facts: Facts) -> Iterator[Verdict]:
    """Say whether the holidays of this year, and from December on of the next, are entered."""
    known = facts.calendar_years
    if known is None:
        yield unknown("calendar")
        return
    year = facts.now.year
    wanted = [year, *([year + 1] if facts.now.month >= NOTICE_MONTH else [])]
    missing = [str(one) for one in wanted if one not in known]
    yield judged(
        "calendar",
        (f"缺少 {'、'.join(missing)} 年放假安排", f"the holidays of {' and '.join(missing)} are not entered")
        if missing
        else (f"放假安排已录入至 {max(known)} 年", f"holidays are entered up to {max(known)}"),
        (
            "按国务院办公厅通知录入：zhuanche calendar --help；在此之前期限标为暂定。",
            "Enter the State Council's notice: zhuanche calendar --help. Until then terms are marked provisional.",
        ),
        amiss=bool(missing),
    )


def certificates(facts: Facts) -> Iterator[Verdict]:
    """Say until when each certificate holds."""
    for one in facts.certificates:
        days = None if one.until is None else int((one.until - facts.now) / timedelta(days=1))
        ends, helps = one.authority_until, RENEWED_BY_ITSELF if one.own else RENEWED_BY_OTHERS
        if one.until is not None and ends is not None and one.until >= ends:
            helps = AUTHORITY_ENDS
        yield judged(
            "certificate",
            (f"{one.serves} 的证书无法读取", f"that of {one.serves} cannot be read")
            if days is None
            else (f"{one.serves} 的证书还有 {days} 天到期", f"that of {one.serves} holds for {days} more days"),
            helps,
            amiss=one.until is None or one.until - facts.now < CERTIFICATE_WARN,
        )
        if ends is not None and ends - facts.now < AUTHORITY_WARN:
            said = (f"自有根证书 {ends:%Y-%m-%d} 到期", f"the service's own authority ends on {ends:%Y-%m-%d}")
            yield Verdict("certificate", State.UNWELL, said, AUTHORITY_ENDS)


def ingest(facts: Facts) -> Iterator[Verdict]:
    """Say how many fixes wait to be written."""
    waiting = facts.numbers.get("zhuanche_ingest_waiting_fixes")
    if waiting is None:
        yield unknown("ingest", "服务未运行，无从得知", "not known while the service is down")
        return
    yield judged(
        "ingest",
        (f"等待写入的定位点 {waiting:.0f} 个", f"{waiting:.0f} fixes wait to be written"),
        ("数据库写入过慢：查看磁盘与负载。", "The database is slow to write: look at the disk and the load."),
        amiss=waiting >= QUEUE_FULL * facts.ingest_queue,
    )


def jobs(facts: Facts) -> Iterator[Verdict]:
    """Say whether background work is done, and which failed since the service started."""
    if not facts.answers:
        yield unknown("jobs", "服务未运行，无从得知", "not known while the service is down")
        return
    if facts.jobs_led is False:
        yield Verdict("jobs", State.UNWELL, ("没有任何进程在做", "no process does any"), JOBS_STAND)
    told = ", ".join(f"{name} ({count:.0f})" for name, count in sorted(facts.failed_jobs.items()) if count)
    if facts.jobs_led is False and not told:
        return
    yield judged(
        "jobs",
        (f"失败：{told}", f"failed since the start: {told}")
        if told
        else ("启动以来没有失败", "none failed since the start"),
        (
            "日志中 job-failed 或 job-waits 一行说明原因；任务会自动重试。",
            "The line job-failed or job-waits of the log says why. Jobs are tried again by themselves.",
        ),
        amiss=bool(told),
    )


def homes(facts: Facts) -> Iterator[Verdict]:
    """Say which homes of embedded databases nobody leads to any more."""
    if facts.forgotten is None:
        yield unknown("homes", "只有 root 能查看 /var/lib/zhuanche", "only root can look into /var/lib/zhuanche")
        return
    helps = (
        "确认不再需要后删除，或找回其数据目录。",
        "Bring its data folder back, or delete it once nobody needs it.",
    )
    for one in facts.forgotten:
        said = (
            f"{one.folder} 无人使用（原属 {one.belonged_to}）",
            f"{one.folder} is used by nobody (it was of {one.belonged_to})",
        )
        yield Verdict("homes", State.UNWELL, said, helps)
    if not facts.forgotten:
        yield Verdict("homes", State.WELL, ("没有遗留的数据库目录", "no database is left behind"))
