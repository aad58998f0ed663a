"""What events of devices are called: of terminals by the alarms of JT/T 808-2019, of phones as their apps say it."""

from __future__ import annotations

from typing import Final

from api.http.pages.admin.register import Words

EVENTS: Final[Words] = {
    "sos": ("紧急求助", "call for help"),
    "overspeed": ("超速", "overspeed"),
    "fatigue": ("疲劳驾驶", "fatigue"),
    "danger": ("危险预警", "danger"),
    "gnss-fault": ("定位模块故障", "GNSS fault"),
    "antenna-cut": ("天线断开", "antenna cut"),
    "antenna-short": ("天线短路", "antenna short"),
    "power-low": ("电源欠压", "power low"),
    "power-cut": ("电源断开", "power cut"),
    "display-fault": ("显示器故障", "display fault"),
    "voice-fault": ("语音模块故障", "voice fault"),
    "camera-fault": ("摄像头故障", "camera fault"),
    "card-reader-fault": ("读卡器故障", "card reader fault"),
    "overspeed-warning": ("超速预警", "overspeed warning"),
    "fatigue-warning": ("疲劳驾驶预警", "fatigue warning"),
    "driven-too-long": ("当天累计驾驶超时", "driven too long"),
    "parked-too-long": ("超时停车", "parked too long"),
    "area": ("进出区域", "area"),
    "route": ("进出路线", "route"),
    "route-time": ("路段行驶时间异常", "route time"),
    "route-left": ("偏离路线", "route left"),
    "speed-sensor-fault": ("车速传感器故障", "speed sensor fault"),
    "fuel-abnormal": ("油量异常", "fuel abnormal"),
    "stolen": ("车辆被盗", "stolen"),
    "illegal-ignition": ("非法点火", "illegal ignition"),
    "tow": ("非法位移", "towed"),
    "collision": ("碰撞", "collision"),
    "rollover": ("侧翻", "rollover"),
    "door": ("非法开门", "door"),
    "no-fix": ("没有定位", "no fix"),
    "driver-card": ("驾驶员卡", "driver’s card"),
    "second-connection": ("同号终端重复连接", "second connection"),
    "bad-frame": ("报文有误", "bad frame"),
    "signed-off": ("终端注销", "signed off"),
    "heartbeat": ("心跳", "heartbeat"),
    "ping": ("心跳", "ping"),
    "visit": ("停留", "visit"),
    "action": ("操作", "action"),
    "trip": ("行程", "trip"),
}
DETAILS: Final[Words] = {
    "acc": ("点火", "ignition"),
    "name": ("姓名", "name"),
    "certificate": ("证号", "certificate"),
    "issuer": ("发证机关", "issuer"),
    "code": ("代码", "code"),
    "alarm": ("报警", "alarm"),
    "battery": ("电量", "battery"),
    "batt": ("电量", "battery"),
}
