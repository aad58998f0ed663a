// Tells whether what is shown is live: by words, and out loud when that changes.
import { t } from "../language.js";

const SAID = {
  open: t("● 实时", "● live"),
  waiting: t("◌ 正在重新连接…", "◌ connecting again…"),
  ended: t("✗ 会话已结束，请重新登录", "✗ the session has ended: sign in again"),
};

/** Show how the stream of `live` stands. */
export function showState(state) {
  const shown = document.querySelector("#live");
  shown.textContent = SAID[state];
  shown.dataset.state = state;
}
