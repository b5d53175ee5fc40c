import { expect, test } from 'vitest';
import { startGateway } from '../spec/start-gateway.ts';

test('/docs is a page that needs nothing from elsewhere, and its policy lets it have nothing else', async () => {
  const { fastify } = await startGateway();
  const page = await fastify.inject('/docs');
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  const referred = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
  expect(referred).toEqual(['/docs/swagger-ui.css', 'data:,', '/docs/swagger-ui-bundle.js', '/docs/start.js']);
  for (const path of ['/docs', ...referred.filter((address) => address.startsWith('/'))]) {
    const { statusCode, headers, rawPayload } = await fastify.inject(path);
    expect([path, statusCode, rawPayload.length > 100]).toEqual([path, 200, true]);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  }
  // No script or style in the page itself, which the policy would not run.
  expect(page.body).not.toMatch(/<script(?! src)|<style|style=|\son\w+=/);
  const start = await fastify.inject('/docs/start.js');
  expect(start.headers['content-type']).toBe('text/javascript; charset=utf-8');
  expect(start.body).toContain("url: '/openapi.json'");
});
