import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `cryoloom serve` listens while the app is being worked on; it needs its cookie, so enter through it once. */
const server = process.env.CRYOLOOM_SERVER ?? "http://127.0.0.1:8765";

export default defineConfig({
  plugins: [react()],
  build: { outDir: "../src/cryoloom/server/app", emptyOutDir: true, target: "es2023", chunkSizeWarningLimit: 2100 }, // of Mol*, which comes when a map is looked at
  server: { proxy: { "/api": server, "/enter": server, "/sign-in": server, "/signed-in": server } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
