/** A number as it is shown, and its unit, which is set in a lighter tone. */
export interface Shown {
  value: string;
  unit: string;
}

const THIN = "\u202f";
const BYTES = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** 4812 as "4 812": groups of three digits, from four digits on. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** A count with its noun, which gives up its plural s for one. */
export function counted(value: number, plural: string): string {
  return `${count(value)} ${value === 1 ? plural.replace(/s$/, "") : plural}`;
}

/** Bytes in powers of ten, with two or three digits. */
export function bytes(value: number): Shown {
  let scaled = value;
  let step = 0;
  while (scaled >= 999.5 && step < BYTES.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  return { value: step > 0 && scaled < 9.95 ? scaled.toFixed(1) : count(scaled), unit: BYTES[step] ?? "B" };
}

/** A length of time in its two largest units: "2 h 10 min", "9 min 03 s", "12 s". */
export function duration(seconds: number): string {
  if (seconds < 1) return "under 1 s";
  const whole = Math.round(seconds);
  const [days, hours, minutes, rest] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  if (days > 0) return `${count(days)} d ${hours} h`;
  if (hours > 0) return `${hours} h ${pad(minutes)} min`;
  if (minutes >= 10) return `${minutes} min`;
  return minutes > 0 ? `${minutes} min ${pad(rest)} s` : `${rest} s`;
}

/** When something was, as people say it; `now` and `then` in milliseconds. */
export function ago(then: number, now: number): string {
  const seconds = (now - then) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 3570) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 84600) return `${Math.round(seconds / 3600)} h ago`;
  const days = Math.round(seconds / 86400);
  return days === 1 ? "yesterday" : days < 14 ? `${days} days ago` : new Date(then).toISOString().slice(0, 10);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A time stamp in the time of this place: "28 Nov 2026, 12:44". */
export function moment(stamp: string): string {
  const at = new Date(stamp);
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ""} ${at.getFullYear()}, ${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** A measured number with about four digits; whole numbers as they are. */
export function measured(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value)) return withMinus(Math.abs(value) < 1e15 ? count(Math.abs(value)) : String(Math.abs(value)), value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2).replace("-", "−");
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
  const [whole = "0", fraction] = size.toFixed(digits).split(".");
  return withMinus(fraction ? `${count(Number(whole))}.${fraction}` : count(Number(whole)), value);
}

function withMinus(text: string, value: number): string {
  return value < 0 ? `−${text}` : text;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** A value with so many digits behind the point, in groups of three before it; a dash for what is not known. */
export function fixed(value: number | null | undefined, digits: number, unit = ""): Shown {
  if (value === null || value === undefined || !Number.isFinite(value)) return { value: "–", unit: "" };
  if (digits > 3) return { value: measured(value), unit };
  const [whole = "0", fraction] = Math.abs(value).toFixed(digits).split(".");
  const grouped = fraction ? `${count(Number(whole))}.${fraction}` : count(Number(whole));
  const isZero = Number(whole) === 0 && !/[1-9]/.test(fraction ?? "");
  return { value: value < 0 && !isZero ? `−${grouped}` : grouped, unit };
}

/** The time of day of a moment in seconds since 1970, at this place. */
export function clock(seconds: number | null | undefined, withSeconds = true): string {
  if (seconds === null || seconds === undefined) return "–";
  const at = new Date(1000 * seconds);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}${withSeconds ? `:${pad(at.getSeconds())}` : ""}`;
}

/** The same with its day. */
export function dayAndClock(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "time not known";
  const at = new Date(1000 * seconds);
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ""} ${at.getFullYear()}, ${clock(seconds)}`;
}
