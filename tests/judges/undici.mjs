// A client of undici with its cache, controlled by lines of JSON: each request gets one response.
//
//     node undici.mjs MODULES { "type": "private" | "shared", "http2": bool, "h2c": bool, "base": "http://…" }
//
// NODE_EXTRA_CA_CERTS contains the authority of the site.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [modules, options] = process.argv.slice(2);
const { Agent, Client, H2CClient, Pool, cacheStores, interceptors } = createRequire(`${modules}/`)("undici");
const { type, http2, h2c, base } = JSON.parse(options);

const client = h2c ? new H2CClient(base) : new Agent({ allowH2: http2 });
const store = new cacheStores.MemoryCacheStore();
const cached = client.compose(interceptors.cache({ store, type, methods: ["GET", "HEAD"] }));

for await (const line of createInterface({ input: process.stdin })) {
  const { method, path, fields, content } = JSON.parse(line);
  let response;
  try {
    const { statusCode, headers, body } = await cached.request({
      origin: base, path, method, headers: fields,
      body: content === null ? null : Buffer.from(content, "base64"),
    });
    const bytes = Buffer.from(await body.arrayBuffer());
    response = { status: statusCode, fields: headers, content: bytes.toString("base64") };
  } catch (error) {
    response = { error: `${error.stack} ${error.cause ?? ""}` };
  }
  process.stdout.write(JSON.stringify(response) + "\n");
}
await client.close();
