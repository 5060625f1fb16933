// A stateful service under test: members log in, place orders in forms, and read them through an API.
//
// Nothing here can be sent twice: the session's cookie is another one after each form that was sent, each form has a token
// of its own that is good once, orders have numbers from where this instance happened to begin, and the API wants a
// key that it gave. What is wrong is answered with 403, and another's order with 404.
'use strict';

const crypto = require('node:crypto');
const { parseArgs } = require('node:util');
const compression = require('compression');
const express = require('express');
const session = require('express-session');

const { port } = parseArgs({ options: { port: { type: 'string', default: '0' } } }).values;
const orders = new Map(); // by number: {owner, item, paid}
const keys = new Map(); // by API key: owner
let nextOrder = crypto.randomInt(1000, 90_000);

const app = express();
app.disable('x-powered-by');
app.set('etag', false);
app.use(compression({ threshold: 0 }));
app.use(express.urlencoded({ extended: false }));
app.use(express.json());
app.use(
  session({
    name: 'members.sid',
    secret: crypto.randomBytes(16).toString('hex'),
    resave: false,
    saveUninitialized: true,
    cookie: { httpOnly: true },
  }),
);

// Base64, so that + / and = have to be escaped on their way back.
function formToken(request) {
  const token = crypto.randomBytes(24).toString('base64');
  (request.session.tokens ??= []).push(token);
  return token;
}

function takeToken(request, token) {
  const at = (request.session.tokens ?? []).indexOf(token);
  if (at < 0) return false;
  request.session.tokens.splice(at, 1);
  return true;
}

const attribute = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('+', '&#43;').replaceAll('=', '&#x3D;');
const page = (head, body) => `<!doctype html><html><head><title>Members</title>${head}</head><body>${body}</body></html>`;
const form = (request, action, fields) =>
  `<form method="post" action="${action}"><input type="hidden" name="_csrf" value="${attribute(formToken(request))}">${fields}</form>`;

// The same member under a new cookie; the old one is worth nothing.
function renewed(request, member) {
  return new Promise((resolve, reject) =>
    request.session.regenerate((error) => {
      if (error) return reject(error);
      request.session.member = member;
      resolve();
    }),
  );
}

function ownForm(request, response, next) {
  if (takeToken(request, request.body?._csrf)) return next();
  response.status(403).send(page('', 'This form was not given to you.'));
}
function loggedIn(request, response, next) {
  if (request.session.member) return next();
  response.status(403).send(page('', 'Please log in.'));
}
function ownOrder(request, response, next) {
  request.order = orders.get(request.params.order);
  if (request.order?.owner === (request.owner ?? request.session.member)) return next();
  response.status(404).send(page('', 'No such order.'));
}
function withKey(request, response, next) {
  request.owner = keys.get((request.get('authorization') ?? '').replace(/^Bearer /, ''));
  if (request.owner) return next();
  response.status(403).json({ error: 'no such key' });
}

app.get('/healthz', (request, response) => response.json({ status: 'ok' }));
app.get('/login', (request, response) => {
  response.send(page('', form(request, '/login', '<input name="member"><input name="password" type="password">')));
});
app.post('/login', ownForm, async (request, response) => {
  await renewed(request, request.body.member);
  response.redirect(303, '/orders');
});
app.get('/orders', loggedIn, (request, response) => {
  const own = [...orders].filter(([, order]) => order.owner === request.session.member);
  const list = own.map(([number, order]) => `<li><a href="/orders/${number}">${order.item}</a></li>`).join('');
  response.send(page('', `<ul>${list}</ul>${form(request, '/orders', '<input name="item"><input name="pieces">')}`));
});
app.post('/orders', loggedIn, ownForm, async (request, response) => {
  const number = String(nextOrder++);
  orders.set(number, { owner: request.session.member, item: request.body.item, paid: false });
  await renewed(request, request.session.member);
  response.redirect(303, `/orders/${number}`);
});
app.get('/orders/:order', loggedIn, ownOrder, (request, response) => {
  const meta = `<meta name="csrf-token" content="${attribute(formToken(request))}">`;
  response.send(page(meta, `<h1>${request.order.item}</h1>${form(request, `/orders/${request.params.order}/pay`, '')}`));
});
app.post('/orders/:order/pay', loggedIn, ownForm, ownOrder, async (request, response) => {
  request.order.paid = true;
  await renewed(request, request.session.member);
  response.redirect(303, `/orders/${request.params.order}`);
});
app.post('/api/keys', loggedIn, (request, response) => {
  if (!takeToken(request, request.get('x-csrf-token'))) return response.status(403).json({ error: 'no such token' });
  const key = crypto.randomBytes(20).toString('hex');
  keys.set(key, request.session.member);
  response.status(201).json({ key: { value: key, expires_in: 3600 } });
});
app.get('/api/orders/:order', withKey, ownOrder, (request, response) => {
  const { item, paid } = request.order;
  response.json({ order: { id: Number(request.params.order), item, paid, revision: crypto.randomUUID() } });
});
app.patch('/api/orders/:order', withKey, ownOrder, (request, response) => {
  if (request.body?.order?.id !== Number(request.params.order)) return response.status(403).json({ error: 'another order' });
  request.order.item = request.body.order.item;
  response.status(204).end();
});

const server = app.listen(Number(port), '127.0.0.1', (error) => {
  if (error) {
    console.error(`cannot listen on 127.0.0.1:${port}: ${error.message}`);
    process.exit(4);
  }
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
function end() {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 500).unref();
}
process.on('SIGTERM', end);
process.on('SIGINT', end);
