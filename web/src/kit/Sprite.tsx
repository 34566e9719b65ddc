import { spotOf } from "./sheets";
import type { Sheets } from "./useSheets";

interface Props {
  sheets: Sheets;
  /** Of the image among all, from 0. */
  place: number;
  count: number;
  /** What it shows; without it, something beside it says so. */
  label?: string;
}

/** One image of a sheet; the dark ground while that has not come. */
export function Sprite({ sheets, place, count, label }: Props) {
  const spot = spotOf(place, count);
  const address = sheets.addresses.get(spot.sheet);
  const style = address ? { backgroundImage: `url("${address}")`, backgroundPosition: spot.position, backgroundSize: spot.size } : undefined;
  return <span className="sprite" style={style} {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": true })} />;
}
