// Keeps the page, so that it opens when the exchange is away; and shows calls that ring.
// Nothing of what the exchange says is kept.
const name = 'page'

self.addEventListener('install', (e) => e.waitUntil(fetch('/').then(keep).then(() => self.skipWaiting())))
self.addEventListener('activate', (e) => e.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (e) => {
  const { origin, pathname } = new URL(e.request.url)
  if (e.request.method !== 'GET' || origin !== location.origin) return
  if (pathname === '/') e.respondWith(page(e))
  else if (pathname.startsWith('/assets/') || /^\/[\w-]+\.(svg|png|webmanifest)$/.test(pathname)) e.respondWith(part(e.request))
})

/** The page of the exchange; when that is away, the one that is kept. */
async function page(e) {
  try {
    const answer = await fetch(e.request)
    e.waitUntil(keep(answer.clone()))
    return answer
  } catch {
    return (await caches.match('/')) ?? Response.error()
  }
}

/** What the page is made of. Names in /assets/ change with what is in them. */
async function part(request) {
  const kept = await caches.match(request)
  if (kept && new URL(request.url).pathname.startsWith('/assets/')) return kept
  return fetch(request).catch(() => kept ?? Response.error())
}

/** Keeps a page with all that it names, in the place of the one before. */
async function keep(answer) {
  if (!answer.ok) return
  const html = await answer.clone().text()
  const cache = await caches.open(name)
  const before = await cache.match('/')
  if (before && (await before.text()) === html) return
  const named = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((found) => found[1])
  await cache.addAll(named)
  await cache.put('/', answer)
  for (const old of await cache.keys()) {
    const { pathname } = new URL(old.url)
    if (pathname !== '/' && !named.includes(pathname)) await cache.delete(old)
  }
}

self.addEventListener('notificationclick', (e) => {
  e.notification.close()
  e.waitUntil(tell({ act: e.action || 'show', ...e.notification.data }))
})

/** Tells the page what was clicked on, in front of its user. */
async function tell(what) {
  const pages = await self.clients.matchAll({ type: 'window' })
  for (const one of pages) one.postMessage(what)
  const first = pages.find((one) => one.focused) ?? pages[0]
  if (first) await first.focus()
  else await self.clients.openWindow('/')
}
