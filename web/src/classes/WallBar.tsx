import { Button, SegmentedControl } from "@mantine/core";
import type { ClassWall } from "../api/types";
import { Icon } from "../kit/Icon";
import { AS_PROPOSED, isSame, ORDERS, savedChoice, type Order } from "./choice";
import type { Wall } from "./useWall";

const WORDS: Record<Order, string> = { members: "Members", resolution: "Resolution", merit: "Merit", label: "Label" };

interface Props {
  wall: Wall;
  shown: ClassWall;
  order: Order;
  setOrder: (order: Order) => void;
}

/** The order of the classes, and what can be done with the choice. */
export function WallBar({ wall, shown, order, setOrder }: Props) {
  const undecided = shown.waits && wall.decided === null;
  return (
    <div className="wallbar">
      <span className="sm dim nw" id="order">Sort by</span>
      <SegmentedControl aria-labelledby="order" value={order} onChange={(to) => setOrder(to)} data={ORDERS.map((value) => ({ value, label: WORDS[value] }))} />
      <span className="grow" />
      {!shown.only_shown && (
        <>
          <Button variant="subtle" disabled={!wall.changed} onClick={() => wall.choose(savedChoice(shown))}>Undo</Button>
          <Button leftSection={<Icon name="stale" />} disabled={isSame(wall.choice, AS_PROPOSED)} onClick={() => wall.choose(AS_PROPOSED)}>As proposed</Button>
          <Button variant="filled" leftSection={<Icon name="check" />} disabled={!wall.changed && !undecided} loading={wall.saving} onClick={wall.save}>Keep these</Button>
        </>
      )}
    </div>
  );
}
