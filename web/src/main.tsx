import "./kit/layers.css";
import "./app/mantine";
import "./kit/tokens.css";
import "./kit/base.css";
import "./app/kit.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";

// A newer app was put in place while this page was open: its parts have other names, so the page is read anew, once.
window.addEventListener("vite:preloadError", () => {
  const last = Number(sessionStorage.getItem("cryoloom-renewed"));
  if (Date.now() - last < 30_000) return;
  sessionStorage.setItem("cryoloom-renewed", String(Date.now()));
  location.reload();
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
