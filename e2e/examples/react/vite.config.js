import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The back end answers below the page's own origin, so that the browser sends it the cookie.
const proxy = { '/api': process.env.BACK_END_URL ?? 'http://127.0.0.1:8080' };

export default defineConfig({ plugins: [react()], server: { proxy }, preview: { proxy } });
