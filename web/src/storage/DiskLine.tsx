import type { StorageDocument } from "../api/types";
import { bytes } from "../kit/format";
import { Quantity } from "../kit/Quantity";
import { fullWords } from "./words";

/** How full the disk is. */
export function DiskLine({ disk, seconds }: { disk: StorageDocument["disk"]; seconds: number | null }) {
  const used = 1 - disk.free_bytes / disk.total_bytes;
  return (
    <section className="panel diskline" aria-label="Disk">
      <p><b><Quantity {...bytes(disk.free_bytes)} /> free</b> <span className="dim">of <Quantity {...bytes(disk.total_bytes)} /></span> <span className={seconds !== null && seconds < 86400 ? "b" : "dim"}>{fullWords(seconds)}</span></p>
      <div className="bar tone-idle"><i style={{ width: `${100 * used}%` }} /></div>
    </section>
  );
}
