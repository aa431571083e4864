import assert from "node:assert/strict";
import { test } from "node:test";
import { betweenUs, formatAgo, formatClock, formatCountdown, formatDuration, formatIn, formatPercent, formatRate, formatTick, formatTime, plural } from "./format";

test("a moment by the clock of a zone", () => {
  assert.equal(formatIn("2090-01-08T10:00:00.000000Z", "Pacific/Kiritimati"), "Mon 00:00 in Pacific/Kiritimati");
  assert.equal(formatIn("2026-07-01T10:00:00Z", "Europe/Berlin"), "Wed 12:00 in Europe/Berlin");
  assert.equal(formatIn("2026-07-01T10:00:00Z", "Europe/Atlantis"), "");
  assert.equal(formatIn("soon", "UTC"), "");
});

test("durations have two units at most", () => {
  const cases: [number, string][] = [
    [0, "0 s"], [500, "< 1 ms"], [12_000, "12 ms"], [420_000, "0.4 s"], [9_990_000, "9.9 s"], [42e6, "42 s"],
    [65e6, "1 min 05 s"], [64_800e6 + 240e6, "18 h 04 min"], [273_600e6, "3 d 4 h"], [86_400e6, "1 d"], [60e6, "1 min 00 s"], [-5, "0 s"],
  ];
  for (const [us, text] of cases) assert.equal(formatDuration(us), text);
});

test("a countdown never shows 0 while time is left", () => {
  assert.equal(formatCountdown(1), "1 s");
  assert.equal(formatCountdown(0), "0 s");
  assert.equal(formatCountdown(3_800_000), "4 s");
  assert.equal(formatCountdown(90e6), "1 min 30 s");
});

test("100 % only when all is done", () => {
  assert.equal(formatPercent(0), "0%");
  assert.equal(formatPercent(0.004), "0.4%");
  assert.equal(formatPercent(0.9999), "99%");
  assert.equal(formatPercent(1), "100%");
});

test("a time has its zone, and its day when it is not today", () => {
  const now = Date.parse("2026-11-21T15:00:00Z");
  assert.equal(formatTime("2026-11-21T14:02:11.000000Z", "utc", now), "14:02:11 UTC");
  assert.equal(formatTime("2026-11-20T14:02:11.000000Z", "utc", now), "20 Nov 2026, 14:02:11 UTC");
  assert.equal(formatTime("soon", "utc", now), "soon");
  assert.equal(formatClock("2026-11-21T14:02:11.120000Z", "utc"), "14:02:11.120");
});

test("counts, rates, ages", () => {
  assert.equal(plural(1, "row"), "1 row");
  assert.equal(plural(1005, "row"), "1,005 rows");
  assert.equal(formatRate(12000), "12K rows/s");
  assert.equal(formatRate(1.234), "1.2 rows/s");
  assert.equal(formatAgo(3e6), "just now");
  assert.equal(formatAgo(200e6), "3 min ago");
  assert.equal(betweenUs("2026-11-21T14:00:00Z", "2026-11-21T14:00:01Z"), 1e6);
});

test("a tick of a time axis is as fine as the axis is short", () => {
  const ms = Date.parse("2026-11-21T14:02:11Z");
  assert.equal(formatTick(ms, "utc", 60_000), "14:02:11");
  assert.equal(formatTick(ms, "utc", 3_600_000), "14:02");
  assert.equal(formatTick(ms, "utc", 7 * 86_400_000), "21 Nov");
});
