// Numbers, durations and times as text. Pure; a time always comes with its zone.

export type Zone = "local" | "utc";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const fine = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const plurals = new Intl.PluralRules("en");

export const formatCount = (value: number): string => whole.format(value);
export const formatShort = (value: number): string => (value < 10_000 ? whole.format(value) : short.format(value));
export const formatValue = (value: number): string => (Math.abs(value) < 1000 ? fine : whole).format(value);
export const formatRate = (perSecond: number): string =>
  `${perSecond < 10 ? fine.format(Number(perSecond.toPrecision(2))) : formatShort(perSecond)} rows/s`;
/** Of a part between 0 and 1; "100%" only when nothing is left. */
export const formatPercent = (part: number): string =>
  part > 0 && part < 0.1 ? `${(Math.floor(part * 1000) / 10).toFixed(1)}%` : `${Math.min(100, Math.floor(part * 100))}%`;

/** "1 row", "3 rows". */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${plurals.select(count) === "one" ? one : many}`;

const UNITS: [seconds: number, unit: string, part: number][] = [
  [86_400, "d", 3_600],
  [3_600, "h", 60],
  [60, "min", 1],
];

/** Two units at most: "3 d 4 h", "18 h 04 min", "1 min 05 s", "42 s", "0.4 s", "12 ms". */
export function formatDuration(us: number): string {
  const seconds = Math.max(0, us) / 1e6;
  if (seconds < 0.001) return us > 0 ? "< 1 ms" : "0 s";
  if (seconds < 0.1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Math.floor(seconds * 10) / 10} s`;
  for (const [size, unit, part] of UNITS) {
    if (seconds < size) continue;
    const large = Math.floor(seconds / size);
    const rest = Math.floor((seconds - large * size) / part);
    if (rest === 0 && size > 60) return `${large} ${unit}`;
    const restUnit = part === 3_600 ? "h" : part === 60 ? "min" : "s";
    return `${large} ${unit} ${String(rest).padStart(part === 3_600 ? 1 : 2, "0")} ${restUnit}`;
  }
  return `${Math.floor(seconds)} s`;
}

/** A clock that counts whole seconds: durations that tick, without tenths. */
export const formatCountdown = (us: number): string => {
  const seconds = Math.ceil(Math.max(0, us) / 1e6);
  return seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1e6);
};

/** Microseconds between two times; NaN when one is not a time. */
export const betweenUs = (from: string, to: string | number): number =>
  ((typeof to === "number" ? to : Date.parse(to)) - Date.parse(from)) * 1000;

const formats = new Map<string, Intl.DateTimeFormat>();
function formatter(zone: Zone, kind: "time" | "date" | "full"): Intl.DateTimeFormat {
  const key = `${zone} ${kind}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      ...(zone === "utc" ? { timeZone: "UTC" } : {}),
      ...(kind === "time" ? {} : { year: "numeric", month: "short", day: "numeric" }),
      ...(kind === "date" ? {} : { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }),
      ...(kind === "full" ? { timeZoneName: "short" } : {}),
    });
    formats.set(key, format);
  }
  return format;
}

/** The name of the zone at that moment: "UTC", "CET", "GMT+5:30". */
export function zoneName(zone: Zone, at: Date): string {
  return formatter(zone, "full").formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "UTC";
}

/** "14:02:11 UTC" today, "20 Nov 2026, 14:02:11 UTC" on another day. */
export function formatTime(at: string, zone: Zone, now: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const day = formatter(zone, "date");
  const clock = `${formatter(zone, "time").format(date)} ${zoneName(zone, date)}`;
  return day.format(date) === day.format(now) ? clock : `${day.format(date)}, ${clock}`;
}

/** "14:02:11.123" for the lines of a log, whose head says the zone. */
export function formatClock(at: string, zone: Zone): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  return `${formatter(zone, "time").format(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** A tick of a time axis over spanMs: a day, a minute or a second, as fine as it has to be. The axis says the zone. */
export function formatTick(ms: number, zone: Zone, spanMs: number): string {
  const date = new Date(ms);
  const clock = formatter(zone, "time").format(date);
  if (spanMs > 2 * 86_400_000) return formatter(zone, "date").format(date).replace(/ \d{4}$/, "");
  return spanMs > 600_000 ? clock.slice(0, 5) : clock;
}

/** "Mon 00:00 in Pacific/Kiritimati": the clock of a zone that a plan names; "" for one that this browser does not know. */
export function formatIn(at: string, timeZone: string): string {
  try {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    return `${format.format(new Date(at)).replace(",", "")} in ${timeZone}`;
  } catch {
    return "";
  }
}

/** Both zones, for the tooltip of a time. */
export function formatBoth(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  return `${formatter("local", "full").format(date)} · ${formatter("utc", "full").format(date)}`;
}

/** "just now", "4 min ago". */
export function formatAgo(us: number): string {
  if (us < 5e6) return "just now";
  const seconds = us / 1e6;
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
