import { SegmentedControl } from "@mantine/core";
import { useLocation, useNavigate } from "react-router";

/** Kinds whose items are images that can be laid side by side. */
export const SHOWN_AS_IMAGES: Readonly<Record<string, true>> = { particles: true };

/** The same items as rows or as images, with the same filter and order. */
export function ViewSwitch({ view }: { view: "rows" | "images" }) {
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const home = pathname.replace(/\/images$/, "");
  return (
    <SegmentedControl
      aria-label="Show as"
      value={view}
      onChange={(to) => void navigate(`${to === "images" ? `${home}/images` : home}${search}`, { replace: true })}
      data={[{ value: "rows", label: "Rows" }, { value: "images", label: "Images" }]}
    />
  );
}
