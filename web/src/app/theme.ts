import { Button, createTheme, defaultVariantColorsResolver, Input, localStorageColorSchemeManager, Select, Tooltip, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

/** Where the browser remembers the theme; /theme.js reads it before the first paint. */
export const schemeManager = localStorageColorSchemeManager({ key: "cryoloom-theme" });

const accent = Array.from({ length: 10 }, () => "var(--accent)") as unknown as MantineColorsTuple;

/** The component kit in our tokens. */
export const theme = createTheme({
  primaryColor: "accent",
  colors: { accent },
  fontFamily: "var(--sans)",
  fontFamilyMonospace: "var(--mono)",
  headings: { fontFamily: "var(--sans)" },
  fontSizes: { xs: "12px", sm: "14px", md: "14px" },
  lineHeights: { xs: "16px", sm: "20px", md: "20px" },
  defaultRadius: "6px",
  cursorType: "pointer",
  respectReducedMotion: true,
  variantColorResolver: (input) => ({ ...defaultVariantColorsResolver(input), ...(input.variant === "filled" ? { color: "var(--on-accent)" } : {}) }),
  components: {
    Button: Button.extend({
      defaultProps: { variant: "default" },
      vars: (_theme, props) => ({
        root: props.size === "xs" ? { "--button-height": "24px", "--button-padding-x": "8px", "--button-fz": "12px" } : { "--button-height": "32px", "--button-padding-x": "12px", "--button-fz": "14px" },
        loader: {},
        inner: {},
        label: {},
        section: {},
      }),
    }),
    Input: Input.extend({ vars: () => ({ wrapper: { "--input-height": "32px", "--input-fz": "14px" } }) }),
    // The list itself is what scrolls, so that whoever reads it by a screen reader is told what it belongs to.
    Select: Select.extend({ defaultProps: { withScrollArea: false }, styles: { options: { maxHeight: 250, overflowY: "auto" } } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 400, multiline: true, maw: 280, transitionProps: { duration: 100 } } }),
  },
});

const TOKENS = {
  "--mantine-color-body": "var(--surface)",
  "--mantine-color-text": "var(--ink)",
  "--mantine-color-dimmed": "var(--ink-3)",
  "--mantine-color-placeholder": "var(--ink-3)",
  "--mantine-color-error": "var(--fail)",
  "--mantine-color-anchor": "var(--accent)",
  "--mantine-color-default": "var(--surface)",
  "--mantine-color-default-hover": "var(--sunken)",
  "--mantine-color-default-color": "var(--ink)",
  "--mantine-color-default-border": "var(--line-strong)",
  "--mantine-color-disabled": "var(--sunken)",
  "--mantine-color-disabled-color": "var(--ink-3)",
  "--mantine-color-disabled-border": "var(--line)",
  "--mantine-color-accent-filled": "var(--accent)",
  "--mantine-color-accent-filled-hover": "var(--accent-hi)",
  "--mantine-color-accent-light": "var(--accent-soft)",
  "--mantine-color-accent-light-hover": "var(--accent-soft)",
  "--mantine-color-accent-light-color": "var(--accent)",
  "--mantine-color-accent-text": "var(--accent)",
  "--mantine-primary-color-contrast": "var(--on-accent)",
};

export const tokens: CSSVariablesResolver = () => ({ variables: {}, light: TOKENS, dark: TOKENS });
