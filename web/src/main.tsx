import "./kit/layers.css";
import "./app/mantine";
import "./kit/tokens.css";
import "./kit/base.css";
import "./app/kit.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
