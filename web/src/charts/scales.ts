import type { CurvesDocument } from "../api/types";
import { measured } from "../kit/format";

type Reading = CurvesDocument["x"]["scale"];

export interface Tick {
  value: number;
  words: string;
}

/** From values to places on the page. */
export interface Scale {
  place: (value: number) => number;
  ticks: readonly Tick[];
}

const RESOLUTIONS = [100, 50, 30, 20, 15, 10, 8, 7, 6, 5, 4.5, 4, 3.5, 3, 2.8, 2.6, 2.4, 2.2, 2, 1.8, 1.6, 1.5, 1.4, 1.3, 1.2, 1.1, 1];

/** A scale from a lowest to a highest value over places from `start` to `end`, with ticks at least `apart` px from each other. */
export function scaleOf(reading: Reading, [low, high]: readonly [number, number], start: number, end: number, apart: number): Scale {
  const bend = reading === "logarithm" ? Math.log : (value: number) => value;
  const [from, to] = [bend(low), bend(high)];
  const place = (value: number) => start + ((bend(value) - from) / (to - from || 1)) * (end - start);
  const ticks: Tick[] = [];
  for (const tick of candidates(reading, low, high)) {
    if (tick.value >= low && tick.value <= high && ticks.every((one) => Math.abs(place(one.value) - place(tick.value)) >= apart)) ticks.push(tick);
  }
  return { place, ticks };
}

function candidates(reading: Reading, low: number, high: number): Tick[] {
  switch (reading) {
    case "frequency":
      return RESOLUTIONS.map((d) => ({ value: 1 / d, words: `${d} Å` }));
    case "squared-frequency":
    case "inverse-square": {
      const usual = RESOLUTIONS.map((d) => ({ value: 1 / d ** 2, words: `${d} Å` }));
      if (low <= 0 || usual.filter(({ value }) => value >= low && value <= high).length > 1) return usual;
      return even(high ** -0.5, low ** -0.5).map(({ value: d, words }) => ({ value: 1 / d ** 2, words: `${words} Å` }));
    }
    case "logarithm":
      return [1, 2, 5].flatMap((digit) => Array.from({ length: 9 }, (_, power) => digit * 10 ** power)).map((value) => ({ value, words: measured(value) }));
    case "linear":
      return even(low, high);
  }
}

/** Round values at even distances, five or so. */
function even(low: number, high: number): Tick[] {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((digit) => digit * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => {
    const value = Number(((first + at) * step).toPrecision(12));
    return { value, words: String(value).replace("-", "−") };
  });
}
