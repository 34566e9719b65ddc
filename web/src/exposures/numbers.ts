import { count, measured, type Shown } from "../kit/format";

/** A value with so many digits behind the point, in groups of three before it; a dash for what is not known. */
export function fixed(value: number | null | undefined, digits: number, unit = ""): Shown {
  if (value === null || value === undefined || !Number.isFinite(value)) return { value: "–", unit: "" };
  if (digits > 3) return { value: measured(value), unit };
  const [whole = "0", fraction] = Math.abs(value).toFixed(digits).split(".");
  const grouped = fraction ? `${count(Number(whole))}.${fraction}` : count(Number(whole));
  const isZero = Number(whole) === 0 && !/[1-9]/.test(fraction ?? "");
  return { value: value < 0 && !isZero ? `−${grouped}` : grouped, unit };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (value: number) => String(value).padStart(2, "0");

/** The time of day of a moment in seconds since 1970, at this place. */
export function clock(seconds: number | null | undefined, withSeconds = true): string {
  if (seconds === null || seconds === undefined) return "–";
  const at = new Date(1000 * seconds);
  return `${two(at.getHours())}:${two(at.getMinutes())}${withSeconds ? `:${two(at.getSeconds())}` : ""}`;
}

/** The same with its day. */
export function dayAndClock(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "time not known";
  const at = new Date(1000 * seconds);
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ""} ${at.getFullYear()}, ${clock(seconds)}`;
}
