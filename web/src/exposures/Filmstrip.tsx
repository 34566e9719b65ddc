import { memo, useEffect, useRef } from "react";
import { Link } from "react-router";
import type { ExposureTable } from "../api/types";
import { fixed } from "../kit/format";
import { exposuresPage, thumbnailAddress, type SetPlace } from "./places";
import { columnOf } from "./table";

const EACH_SIDE = 9;

interface Props {
  place: SetPlace;
  table: ExposureTable;
  order: readonly number[];
  /** Of the exposure that is shown, in the order. */
  at: number;
  search: string;
  /** Whether the small pictures are asked for, which the image goes before. */
  begin: boolean;
}

/** Exposures before and behind the one that is shown. */
export const Filmstrip = memo(function Filmstrip({ place, table, order, at, search, begin }: Props) {
  const current = useRef<HTMLAnchorElement>(null);
  const first = Math.max(0, at - EACH_SIDE);
  const fits = columnOf(table, "fit_resolution")?.values;
  useEffect(() => {
    current.current?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [at]);
  return (
    <nav className="film" aria-label="Exposures near this one">
      {order.slice(first, at + EACH_SIDE + 1).map((row, index) => {
        const id = table.ids[row] ?? "";
        const here = first + index === at;
        return (
          <Link key={id} ref={here ? current : undefined} to={exposuresPage(place, id) + search} aria-current={here ? "page" : undefined} tabIndex={here ? 0 : -1} title={table.names[row]}>
            <img src={begin ? thumbnailAddress(place, id, "micrograph") : undefined} alt="" loading="lazy" decoding="async" />
            <span className="cut">{shortName(table.names[row] ?? "")}</span>
            {fits && <span className="faint">{fixed(fits[row], 1).value}{fits[row] != null && "\u202fÅ"}</span>}
          </Link>
        );
      })}
    </nav>
  );
});

/** The end of a name, by which exposures are told apart. */
function shortName(name: string): string {
  const plain = name.replace(/[_-]?(fractions|data|eer)$/i, "");
  return plain.length > 11 ? `…${plain.slice(-10)}` : plain;
}
