import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";

/** Goes from light to dark and back; the browser remembers it. */
export function useSwitchTheme(): () => void {
  const { setColorScheme } = useMantineColorScheme();
  const now = useComputedColorScheme("light", { getInitialValueInEffect: false });
  return () => setColorScheme(now === "dark" ? "light" : "dark");
}
