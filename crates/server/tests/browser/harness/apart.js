// Texts that are printed over one another.
(() => {
    const shown = [];
    const dialog = document.querySelector('dialog[open]:modal');
    const walker = document.createTreeWalker(dialog ?? document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (!node.data.trim()) continue;
        const own = node.parentElement;
        if (!own.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        if (own.closest('option, script, style, noscript, svg')) continue;
        let clip = { left: -Infinity, top: -Infinity, right: Infinity, bottom: Infinity };
        let apart = false;
        for (let box = own; box && box !== document.documentElement; box = box.parentElement) {
            const style = getComputedStyle(box);
            if (!dialog && (style.position === 'fixed' || style.position === 'sticky')) { apart = true; break; }
            if (style.clipPath !== 'none' || style.clip !== 'auto') { apart = true; break; }
            if (style.overflowX !== 'visible' || style.overflowY !== 'visible') {
                const edge = box.getBoundingClientRect();
                clip = { left: Math.max(clip.left, edge.left), top: Math.max(clip.top, edge.top),
                    right: Math.min(clip.right, edge.right), bottom: Math.min(clip.bottom, edge.bottom) };
            }
        }
        if (apart) continue;
        range.selectNodeContents(node);
        const size = parseFloat(getComputedStyle(own).fontSize);
        for (const line of range.getClientRects()) {
            // Of a line the height of its letters.
            const spare = Math.max(0, (line.height - size) / 2);
            const rect = { left: Math.max(line.left, clip.left), right: Math.min(line.right, clip.right),
                top: Math.max(line.top + spare, clip.top), bottom: Math.min(line.bottom - spare, clip.bottom), node };
            if (rect.right - rect.left > 1 && rect.bottom - rect.top > 1) shown.push(rect);
        }
    }
    shown.sort((a, b) => a.top - b.top);
    const found = new Set();
    for (let i = 0; i < shown.length && found.size < 5; i++) {
        const a = shown[i];
        for (let j = i + 1; j < shown.length && shown[j].top < a.bottom - 2; j++) {
            const b = shown[j];
            if (a.node === b.node) continue;
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - b.top;
            if (wide > 2 && high > 2) {
                const words = one => one.node.data.trim().replace(/\s+/g, ' ').slice(0, 40);
                found.add(`“${words(a)}” and “${words(b)}”`);
            }
        }
    }
    return [...found];
})()
