// Runs in a page before the page's own scripts. Watches what passes between page and worker, long tasks, frames, the modules'
// memories, and when the page can be used. Changes nothing that the page does.
(() => {
  if (window.probe) return;
  const probe = (window.probe = { asked: new Map(), answers: [], waiting: [], longTasks: [], memories: [], frames: [], readyMs: 0, held: {} });

  // Questions and answers are protobuf messages; the first field of each is its number.
  const reader = bytes => {
    let at = 0;
    const varint = () => {
      let value = 0, scale = 1, byte;
      do { byte = bytes[at++]; value += (byte & 127) * scale; scale *= 128; } while (byte & 128);
      return value;
    };
    return { varint, at: () => at, skip: count => { at += count; }, left: () => at < bytes.length };
  };
  const numberOf = bytes => {
    if (!(bytes instanceof Uint8Array) || bytes[0] !== 8) return 0;
    const read = reader(bytes);
    read.varint();
    return read.varint();
  };
  // Field 4 of an answer, a double: how long the worker took, without compiling the schema.
  const elapsedOf = bytes => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const read = reader(bytes);
    while (read.left()) {
      const tag = read.varint();
      if (tag === 33) return view.getFloat64(read.at(), true);
      if ((tag & 7) === 0) read.varint();
      else if ((tag & 7) === 1) read.skip(8);
      else if ((tag & 7) === 5) read.skip(4);
      else { const length = read.varint(); read.skip(length); }
    }
    return 0;
  };
  window.Worker = class extends Worker {
    constructor(...arguments_) {
      super(...arguments_);
      this.addEventListener('message', event => {
        const arrivedMs = performance.now();
        const number = numberOf(event.data);
        if (!probe.asked.has(number)) return;
        const askedMs = probe.asked.get(number);
        probe.asked.delete(number);
        probe.answers.push({ askedMs, roundTripMs: arrivedMs - askedMs, elapsedMs: elapsedOf(event.data) });
        for (const done of probe.waiting.splice(0)) done();
      });
    }
    postMessage(message, ...rest) {
      const number = numberOf(message);
      if (number) probe.asked.set(number, performance.now());
      return super.postMessage(message, ...rest);
    }
  };
  probe.answersBeyond = (count, done) => {
    const look = () => (probe.answers.length > count ? done(probe.answers.length) : probe.waiting.push(look));
    look();
  };

  // A worker of our own, for questions that come from outside.
  probe.start = done => {
    const link = document.getElementById('schema-worker').getAttribute('href');
    probe.own = new Worker(link, { type: 'module' });
    probe.own.onmessage = () => done(true);
  };
  probe.hold = (name, base64) => { probe.held[name] = Uint8Array.from(atob(base64), character => character.charCodeAt(0)); };
  probe.ask = (name, done) => {
    const question = probe.held[name].slice();
    const askedMs = performance.now();
    probe.own.onmessage = event => {
      const roundTripMs = performance.now() - askedMs;
      probe.lastAnswer = event.data;
      done({ roundTripMs, elapsedMs: elapsedOf(event.data) });
    };
    probe.own.postMessage(question, [question.buffer]);
  };
  probe.answered = () => {
    let text = '';
    for (const byte of probe.lastAnswer) text += String.fromCharCode(byte);
    return btoa(text);
  };

  new PerformanceObserver(list => probe.longTasks.push(...list.getEntries().map(entry => entry.duration))).observe({ type: 'longtask', buffered: true });

  for (const name of ['instantiate', 'instantiateStreaming']) {
    const real = WebAssembly[name];
    WebAssembly[name] = async (...arguments_) => {
      const made = await real.apply(WebAssembly, arguments_);
      const memory = (made.instance ?? made).exports.memory;
      if (memory && !probe.memories.includes(memory)) probe.memories.push(memory);
      return made;
    };
  }
  probe.wasmBytes = () => probe.memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);

  // A frame's work ends when a task that was posted in it runs: after callbacks, style, layout and paint. It counts from the
  // refresh that the frame is for, so whatever kept the page from starting is part of it.
  probe.watchFrames = () => {
    const frames = (probe.frames = []);
    let last = 0;
    const channel = new MessageChannel();
    let current = null;
    channel.port1.onmessage = () => { current.workMs = performance.now() - current.at; };
    const frame = at => {
      if (probe.frames !== frames) return;
      current = { at, gapMs: last ? at - last : 0, workMs: 0 };
      frames.push(current);
      last = at;
      channel.port2.postMessage(0);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  };
  probe.takeFrames = () => {
    const frames = probe.frames.slice(1, -1);
    probe.frames = [];
    return frames.map(frame => [frame.gapMs, frame.workMs]);
  };

  const byId = id => document.querySelector(`[data-testid="${id}"]`);
  const painted = done => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done();
    channel.port2.postMessage(0);
  });
  // Clicks, and answers how long it took until something was there and painted.
  probe.clickUntil = (clicked, there, done) => {
    probe.longTasks.length = 0;
    const beganMs = performance.now();
    const look = () => {
      const element = document.querySelector(there);
      if (!element) return requestAnimationFrame(look);
      painted(() => {
        const tookMs = performance.now() - beganMs;
        // Long tasks are told of after they have ended.
        setTimeout(() => done({ tookMs, longestTaskMs: Math.max(0, ...probe.longTasks) }), 200);
      });
    };
    document.querySelector(clicked).click();
    look();
  };

  const watch = new MutationObserver(() => {
    if (!byId('produce-topic')) return;
    watch.disconnect();
    painted(() => { probe.readyMs = performance.now(); });
  });
  watch.observe(document, { childList: true, subtree: true });
})();
