// The screens by the first part of the address behind `#`.

import { another } from "./another.js";
import { breakDown } from "./break_down.js";
import { comeBack } from "./come_back.js";
import { copy } from "./copy.js";
import { depart } from "./depart.js";
import { enrolling } from "./enrolling.js";
import { note } from "./note.js";
import { photograph } from "./photograph.js";
import { readBack } from "./read_back.js";
import { settings } from "./settings.js";
import { signIn } from "./sign_in.js";
import { leaving } from "./leaving.js";
import { today } from "./today.js";
import { trip } from "./trip.js";
import { waits } from "./waits.js";

/** Each takes the app and what follows in the address, and returns `{title, nodes, live, begin, leave}`. */
export const screens = {
  another, breakDown, comeBack, copy, depart, enrolling, leaving, note, photograph, readBack, settings, signIn, today, trip, waits,
};
