import { ActionIcon, Tooltip } from "@mantine/core";
import type { LiveState } from "../api/useProjectEvents";
import { Icon } from "../kit/Icon";
import { Status } from "../kit/Status";
import type { Look } from "../kit/status";
import { Crumbs } from "./Crumbs";
import { PersonMenu } from "../people/PersonMenu";
import { useSwitchTheme } from "./useSwitchTheme";

const LOOKS: Record<LiveState, Look> = {
  connecting: { tone: "idle", icon: "hourglass", word: "Connecting…" },
  live: { tone: "ok", icon: "check", word: "Live" },
  reconnecting: { tone: "attn", icon: "triangle", word: "Reconnecting…" },
};

/** The line above every page. */
export function TopBar({ live, openPalette }: { live: LiveState | null; openPalette: () => void }) {
  const switchTheme = useSwitchTheme();
  return (
    <header className="top">
      <Crumbs />
      <button type="button" className="palette-button" onClick={openPalette} aria-keyshortcuts="Control+K">
        <Icon name="search" />
        <span className="grow cut">Search runs and commands</span>
        <kbd>Ctrl K</kbd>
      </button>
      <span role="status">{live && <Status look={LOOKS[live]} bare />}</span>
      <Tooltip label="Switch light and dark">
        <ActionIcon variant="subtle" size={32} aria-label="Switch light and dark" onClick={switchTheme}>
          <Icon name="theme" />
        </ActionIcon>
      </Tooltip>
      <PersonMenu />
    </header>
  );
}
