// What an act goes through on this phone: kept → sent → confirmed, or refused, conflict, parked. Pure.

/** The states in which the server still has to be told, or asked again. */
export const WAITING = new Set(["kept", "sent", "parked"]);

/** The states a person should look at. */
export const TO_SEE = new Set(["refused", "conflict", "parked"]);

const OUTCOMES = { recorded: "confirmed", conflict: "conflict", refused: "refused", parked: "parked" };

/**
 * What becomes of an act by the server's answer: its fields that change.
 * `refused` by a 4xx is for good: sent again it would be refused again.
 */
export function judged(status, answer) {
  if (status === 200 || status === 201) {
    return {
      state: OUTCOMES[answer.outcome] ?? "confirmed",
      why: answer.why ?? null,
      reasons: told(answer),
      receipt: answer.receipt ?? null,
    };
  }
  const problem = answer ?? {};
  const reasons = problem.reasons ?? [];
  return {
    state: "refused",
    why: problem.code ?? `http-${status}`,
    reasons: reasons.length ? reasons : [{ code: problem.code ?? `http-${status}`, sentence: problem.detail ?? problem.title ?? "" }],
    receipt: null,
  };
}

/** The server's reasons; of what was refused for good without a reason of the rule, the problem's own sentence. */
function told({ reasons, problem }) {
  if (problem?.detail && !problem.reasons?.length) return [{ code: problem.code, sentence: problem.detail }];
  return reasons ?? [];
}

const FIRST_S = 2;
const LONGEST_S = 300;

/** Seconds until the next try after so many that failed: doubling to five minutes, spread by `chance` in 0..1. */
export function pause(tries, chance) {
  return Math.min(LONGEST_S, FIRST_S * 2 ** Math.min(tries, 12)) * (0.75 + chance / 2);
}

/** How many acts of each state there are. */
export function counted(acts) {
  const found = { kept: 0, sent: 0, confirmed: 0, refused: 0, conflict: 0, parked: 0 };
  for (const one of acts) found[one.state] += 1;
  return found;
}
