#!/usr/bin/env python3
"""evaluate.py PREDICTIONS.jsonl --labels FILE [--list N] [--short]
Per-kind recall and false alarms, unread and gap rates, and error lists, from the lines of `waxseal scan --json`.
`phi` counts as positive. `unread` is reported apart (`+unread` counts it as caught: fail closed). With --strict-gaps the
labels' kind `malformed` is judged by "not clean" (phi, unread; also sensitive is listed)."""
import argparse, collections, json, os
def load(p): return [json.loads(l) for l in open(p) if l.strip()]
def main():
    a = argparse.ArgumentParser(); a.add_argument('pred'); a.add_argument('--labels', required=True); a.add_argument('--list', type=int, default=8); a.add_argument('--short', action='store_true'); o = a.parse_args()
    pred = {os.path.basename(d['file']): d for d in load(o.pred)}; lab = load(o.labels)
    K = collections.defaultdict(collections.Counter); S = collections.defaultdict(collections.Counter); T = collections.Counter(); A = collections.Counter(); errs = collections.defaultdict(list); unread = collections.defaultdict(list); gaps = collections.Counter(); ngap = collections.Counter(); missing = 0
    for d in lab:
        f = os.path.basename(d['file']); p = pred.get(f)
        if not p: missing += 1
        v = p['verdict'] if p else 'clean'; y = d['label'] == 'phi'; k = (d['label'], d['category'])
        if p and p.get('gaps'):
            ngap[k] += 1
            for g in {g['reason'] for g in p['gaps']}: gaps[(d['label'], g)] += 1
        if d.get('ambiguous'): A[(d['category'], v)] += 1; continue
        K[k][v] += 1; K[k]['n'] += 1; S[(d['label'], d['category'], d.get('sub'))][v] += 1; S[(d['label'], d['category'], d.get('sub'))]['n'] += 1
        pos = v == 'phi'; T['tp' if y and pos else 'fn' if y else 'fp' if pos else 'tn'] += 1
        if y and v in ('clean', 'sensitive', 'unread'): T['fn_unread'] += v == 'unread'
        if not y and v == 'unread': T['clean_unread'] += 1
        if y != pos: errs[k].append((f, d.get('sub'), v, ','.join(sorted({x.get('detector', x.get('rule', '?')) for x in (p or {}).get('findings', [])}))[:70]))
        elif not y and v == 'unread': unread[k].append((f, d.get('sub'), v, ','.join(sorted({g['reason'] for g in p['gaps']}))))
    tp, fp, fn, tn = (T[k] for k in ('tp', 'fp', 'fn', 'tn')); P = tp / max(1, tp + fp); R = tp / max(1, tp + fn)
    print('n=%d P=%.4f R=%.4f F1=%.4f FPR=%.4f | misses that are unread %d of %d | clean mail unread %d (%.2f%%) | no prediction %d' % (sum(T[k] for k in ('tp', 'fp', 'fn', 'tn')), P, R, 2 * P * R / max(1e-9, P + R), fp / max(1, fp + tn), T['fn_unread'], fn, T['clean_unread'], 100 * T['clean_unread'] / max(1, fp + tn), missing))
    print('%-24s %5s %5s %6s %6s %6s %6s' % ('kind', 'n', 'phi', 'unread', 'sensi', 'clean', 'rate'))
    for k in sorted(K): v = K[k]; print('%-5s %-24s %4d %5d %6d %6d %6d  %s %.3f' % (k[0], k[1], v['n'], v['phi'], v['unread'], v['sensitive'], v['clean'], 'recall' if k[0] == 'phi' else 'alarms', v['phi'] / v['n']))
    print('evasion kinds below 100 %:', ', '.join('%s %d/%d' % (k[2], v['phi'], v['n']) for k, v in sorted(S.items(), key=str) if k[1] == 'evasion' and v['phi'] < v['n']) or 'none')
    if A: print('ambiguous (not counted):', dict(A))
    print('gaps by reason:', {'%s/%s' % k: v for k, v in gaps.most_common(20)}); print('mails with a gap by kind:', {'%s/%s' % k: v for k, v in ngap.most_common(12)})
    if o.short: return
    for k in sorted(errs): print('\n%s %s (%d)' % (*k, len(errs[k]))); [print('   ', *e) for e in errs[k][:o.list]]
    for k in sorted(unread): print('\nunread but clean: %s (%d)' % (k[1], len(unread[k]))); [print('   ', *e) for e in unread[k][:o.list]]
if __name__ == '__main__': main()
