#!/usr/bin/env python3
"""make_corpus.py --seed N --count N --out DIR: writes a labelled corpus (eml/ and labels.jsonl) of mail with and without PHI."""
import argparse, csv, io, json, random
from corpuslib import *
import tpl_phi, tpl_clean, evasions

# ---------------------------------------------------------------- spreadsheets
NAMEC = [('Last Name,First Name', lambda p: [p.last, p.first]), ('Patient', lambda p: ['%s, %s' % (p.last, p.first)]), ('pt_name', lambda p: [p.full]), ('LNAME,FNAME,MI', lambda p: [p.last.upper(), p.first.upper(), 'J']), ('Member Name', lambda p: [p.full]), ('surname,given', lambda p: [p.last, p.first]), ('Client', lambda p: [p.full]), ('Resident', lambda p: [p.last + ' ' + p.first])]
def idcols(r):
    return r.choice([[('DOB', lambda r, p: fmt_date(r, p.born))], [('MRN', lambda r, p: p.mrn)], [('SSN', lambda r, p: p.ssn), ('Birth Date', lambda r, p: p.born.isoformat())], [('member_id', lambda r, p: p.member)], [('Phone', lambda r, p: p.phone)], [('chart #', lambda r, p: p.mrn), ('dob', lambda r, p: fmt_date(r, p.born))],
        [('MBI', lambda r, p: p.mbi)], [('Address', lambda r, p: p.addr)], [('e-mail', lambda r, p: p.email)], [('Acct', lambda r, p: digits(r, 8)), ('BirthDt', lambda r, p: p.born.strftime('%Y%m%d'))]])
def hcols(r):
    return r.choice([[('Dx', lambda r: r.choice(DX))], [('ICD10', lambda r: r.choice(ICD)[0])], [('A1c', lambda r: '%.1f' % r.uniform(5, 13)), ('Last visit', lambda r: fmt_date(r, day(r)))], [('Medication', lambda r: r.choice(DRUGS)), ('Dose', lambda r: r.choice(DOSE))], [('Procedure', lambda r: r.choice(PROC)), ('Surgeon', lambda r: 'Dr. ' + surname(r))],
        [('Allergies', lambda r: r.choice(L('PCN; sulfa; NKDA; latex; shellfish; codeine')))], [('CPT', lambda r: r.choice('99213 45378 29881 70551'.split())), ('Charge', lambda r: '%d.00' % r.randint(40, 4000))], [('problem list', lambda r: '; '.join(r.sample(DX, 2)))], [('Reason for Visit', lambda r: r.choice(SYM))], [('Vaccine', lambda r: r.choice(L('Tdap; MMR; HPV; flu; PCV20'))), ('Given', lambda r: fmt_date(r, day(r)))],
        [('chemo regimen', lambda r: r.choice(L('FOLFOX; AC-T; R-CHOP; carboplatin'))), ('cycle', lambda r: str(r.randint(1, 8)))], [('PHQ9', lambda r: str(r.randint(4, 26))), ('therapist', lambda r: surname(r))], [('discharge dx', lambda r: r.choice(DX_COLL)), ('LOS', lambda r: str(r.randint(1, 14)))], [('HIV VL', lambda r: str(r.randint(20, 90000)))]])
def table(r, n=None):
    nh, nf = r.choice(NAMEC); ic, hc = idcols(r), hcols(r); rows = []
    heads = nh.split(',') + [c[0] for c in ic] + [c[0] for c in hc]
    if r.random() < .1: heads = [c[0] for c in ic] + [c[0] for c in hc]; nf = lambda p: []
    order = None; ids = []
    for _ in range(n or r.choice([2, 3, 5, 8, 12, 25, 40])):
        p = Person(r); PENDING.append(p); rows.append(nf(p) + [c[1](r, p) for c in ic] + [c[1](r) for c in hc])
        if len(ids) < 3: ids.append({'type': 'NAME', 'value': p.last})
    if r.random() < .3:
        k = list(range(len(heads))); r.shuffle(k); heads = [heads[i] for i in k]; rows = [[w[i] for i in k] for w in rows]
    return heads, rows, ids, [c[0] for c in hc]
def csvb(rows, r, sep=None):
    b = io.StringIO(); csv.writer(b, delimiter=sep or ',', lineterminator=r.choice(['\r\n', '\n']), quoting=r.choice([0, 0, 1])).writerows(rows); return b.getvalue()
XL = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'; WD = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
COVER = L('see attached; File attached.; here you go; Attached per our call.; list for Monday; as requested; latest version; pls review; Sending this again, sorry; ; the numbers you wanted; FYI attached, thx; For your records.')
def spreadsheet(r):
    heads, rows, ids, h = table(r); k = r.random(); nm = r.choice(L('panel; list; export; worklist; report_0324; Book1; mon; schedule; recall list; q2; census; payer extract; download (3)'))
    if r.random() < .2: rows = [['']] + rows
    if r.random() < .25: pre = [[r.choice(['Report run 03/02/2025', 'Clinic worklist', 'Confidential', ''])]]
    else: pre = []
    if k < .35: d = csvb(pre + [heads] + rows, r).encode(); return 'csv', (nm + '.csv', r.choice(['text/csv', 'application/vnd.ms-excel', 'application/octet-stream']), d), ids, h
    if k < .45: return 'tsv', (nm + '.txt', 'text/plain', csvb([heads] + rows, r, '\t').encode()), ids, h
    if k < .52: return 'csv', (nm + '.csv', 'text/csv', csvb([heads] + rows, r, r.choice(';|')).encode(r.choice(['utf-8-sig', 'utf-16']))), ids, h
    sheets = [(r.choice(['Sheet1', 'Data', 'Mar']), pre + [heads] + rows)]
    if r.random() < .3: sheets.insert(0, ('Summary', [['Total', len(rows)], ['Site', r.choice(ORGS)]]))
    return 'xlsx', (nm + '.xlsx', XL, xlsx(sheets, shared=r.random() < .6)), ids, h
def inline_table(r):
    heads, rows, ids, h = table(r, r.randint(2, 7)); k = r.random()
    if k < .4: return '\n'.join('\t'.join(w) for w in [heads] + rows), None, ids, h
    if k < .7:
        ws = [max(len(str(w[i])) for w in [heads] + rows) for i in range(len(heads))]; return '\n'.join('  '.join(str(c).ljust(ws[i]) for i, c in enumerate(w)) for w in [heads] + rows), None, ids, h
    return ' ', '<p>%s</p><table border=1>%s</table>' % (r.choice(COVER), ''.join('<tr>%s</tr>' % ''.join('<td>%s</td>' % x(c) for c in w) for w in [heads] + rows)), ids, h

# ---------------------------------------------------------------- interchange formats
def hl7(r, c):
    p = c.p[0]; q = c.staff[0]; c.note('NAME', p.full); c.note('MRN', p.mrn)
    pid = 'PID|1||%s^^^%s^MR||%s^%s^%s||%s|%s|||%s^^%s||%s' % (p.mrn, 'GCH', p.last.upper(), p.first.upper(), r.choice('ABCJ '), p.born.strftime('%Y%m%d'), p.sex.upper(), '12 Mill St', 'Erie^PA^16501', p.phone)
    k = r.choice(['ORU^R01', 'ADT^A01', 'RDE^O11', 'DFT^P03', 'SIU^S12', 'VXU^V04', 'MDM^T02', 'ADT^A08'])
    msh = 'MSH|^~\\&|%s|%s|EHR|MAIN|20250304101112||%s|%s|P|%s' % (r.choice(['LAB', 'ADT', 'RX', 'RIS']), 'GCH', k, digits(r, 6), r.choice(['2.3', '2.5.1', '2.4']))
    lab = r.choice(LABS); d = r.choice(ICD); dr = r.choice(DRUGS)
    seg = {'ORU^R01': ['OBR|1|||%s^%s' % (digits(r, 4), lab[0]), 'OBX|1|NM|%s||%s|%s|||H' % (lab[0], lab[1] % r.uniform(lab[3], lab[4]), lab[2].strip())], 'ADT^A01': ['PV1|1|I|4W^412^1||||%s^%s' % (digits(r, 4), q.last), 'DG1|1||%s^%s^I10' % d[:2] if 0 else 'DG1|1||%s^%s^I10' % (d[0], d[1])], 'RDE^O11': ['ORC|NW|%s' % digits(r, 5), 'RXE|^^^20250304|%s^%s|%s||MG' % (digits(r, 5), dr, '20')], 'DFT^P03': ['FT1|1|||20250301||CG|%s|||1' % r.choice(['99213', '45378']), 'DG1|1||%s' % d[0]],
           'SIU^S12': ['SCH|%s|||||%s' % (digits(r, 5), r.choice(PROC)), 'AIL|1||%s' % r.choice(DEPTS)], 'VXU^V04': ['RXA|0|1|20250301||33^pneumococcal^CVX|0.5|mL'], 'MDM^T02': ['TXA|1|DS', 'OBX|1|TX|||Patient with %s, %s.' % (r.choice(DX), r.choice(SYM))], 'ADT^A08': ['AL1|1|DA|%s|SV|hives' % dr, 'IN1|1|%s|||%s' % (digits(r, 4), r.choice(INS))]}[k]
    c.h(k)
    return r.choice(['\r', '\n', '\r\n']).join([msh, 'EVN|A|20250304', pid] + seg) + '\r'
def fhir(r, c, xml=False):
    p = c.p[0]; c.note('NAME', p.full); d = r.choice(ICD); lab = r.choice(LABS)
    pat = dict(resourceType='Patient', id='p' + digits(r, 3), identifier=[dict(system='urn:oid:2.16.840.1.113883.19.5', value=p.mrn)], name=[dict(use='official', family=p.last, given=[p.first])], birthDate=p.born.isoformat(), gender='male' if p.sex == 'm' else 'female', telecom=[dict(system='phone', value=p.phone)])
    ref = dict(reference='Patient/' + pat['id'])
    k, res = r.choice([('Condition', dict(resourceType='Condition', subject=ref, code=dict(coding=[dict(system='http://hl7.org/fhir/sid/icd-10-cm', code=d[0], display=d[1])]))), ('Observation', dict(resourceType='Observation', status='final', subject=ref, code=dict(text=lab[0]), valueQuantity=dict(value=float(lab[1] % r.uniform(lab[3], lab[4])), unit=lab[2].replace('%%', '%').strip()))), ('MedicationRequest', dict(resourceType='MedicationRequest', status='active', intent='order', subject=ref, medicationCodeableConcept=dict(text=r.choice(DRUGS)), dosageInstruction=[dict(text=r.choice(SIG))])), ('AllergyIntolerance', dict(resourceType='AllergyIntolerance', patient=ref, code=dict(text='penicillin'))),
        ('Appointment', dict(resourceType='Appointment', status='booked', description=r.choice(PROC), participant=[dict(actor=dict(reference=ref['reference'], display=p.full))])), ('Coverage', dict(resourceType='Coverage', subscriberId=p.member, beneficiary=dict(reference=ref['reference'], display=p.full))), ('Encounter', dict(resourceType='Encounter', status='finished', subject=dict(reference=ref['reference'], display=p.full), reasonCode=[dict(text=r.choice(SYM))])), ('DiagnosticReport', dict(resourceType='DiagnosticReport', status='final', subject=ref, code=dict(text='Pathology'), conclusion=r.choice(RESQ)))])
    c.h(k)
    if xml: return '<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry><resource><Patient><id value="%s"/><name><family value="%s"/><given value="%s"/></name><birthDate value="%s"/></Patient></resource></entry><entry><resource><Condition><code><coding><code value="%s"/><display value="%s"/></coding></code><subject><reference value="%s"/></subject></Condition></resource></entry></Bundle>' % (pat['id'], x(p.last), x(p.first), p.born, d[0], x(d[1]), ref['reference'])
    return json.dumps(dict(resourceType='Bundle', type='collection', entry=[dict(resource=pat), dict(resource=res)]), ensure_ascii=r.random() < .5, indent=r.choice([None, 2]))
def x12(r, c):
    p = c.p[0]; c.note('NAME', p.full); d = r.choice(ICD)[0].replace('.', ''); nl = r.choice(['', '\n', '\r\n']); k = r.choice(['837', '835', '270', '271', '278', '834', '276'])
    isa = 'ISA*00*          *00*          *ZZ*%-15s*ZZ*%-15s*250304*1011*^*00501*%s*0*P*:~' % ('SENDER' + digits(r, 3), 'RECV' + digits(r, 3), digits(r, 9))
    gs = {'837': 'HC', '835': 'HP', '270': 'HS', '271': 'HB', '278': 'HI', '834': 'BE', '276': 'HR'}[k]
    nm = 'NM1*%s*1*%s*%s****MI*%s~' % ('QC' if k == '835' else 'IL', p.last.upper(), p.first.upper(), p.member.replace(' ', ''))
    body = {'837': ['BHT*0019*00*%s*20250304*1011*CH~' % digits(r, 6), 'NM1*85*2*%s*****XX*%s~' % (r.choice(ORGS).upper(), luhn_npi(r)), 'SBR*P*18*******CI~', nm, 'DMG*D8*%s*%s~' % (p.born.strftime('%Y%m%d'), p.sex.upper()), 'CLM*%s*%d***11:B:1*Y*A*Y*Y~' % (digits(r, 7), r.randint(80, 900)), 'HI*ABK:%s~' % d, 'SV1*HC:%s*125*UN*1***1~' % r.choice(['99213', '93000']), 'DTP*472*D8*20250214~'],
        '835': ['BPR*I*312.5*C*ACH~', 'CLP*%s*1*400*312.5*87.5*12*%s~' % (digits(r, 7), digits(r, 10)), nm, 'SVC*HC:99214*200*150~', 'CAS*PR*1*50~'], '270': ['BHT*0022*13*%s*20250304*1011~' % digits(r, 5), 'HL*1**20*1~', 'NM1*PR*2*%s~' % r.choice(INS).upper(), nm, 'DMG*D8*%s~' % p.born.strftime('%Y%m%d'), 'EQ*%s~' % r.choice(['30', '98', 'MH'])], '271': ['BHT*0022*11*%s*20250304*1011~' % digits(r, 5), nm, 'N3*12 MILL ST~', 'EB*1*IND*30**GOLD PPO~', 'EB*B**98***27*25~'],
        '278': ['BHT*0007*13*%s*20250304*1011*18~' % digits(r, 5), nm, 'UM*HS*I*3~', 'HI*BF:%s~' % d, 'SV2*0450*HC:70551~'], '834': ['BGN*00*%s*20250304~' % digits(r, 5), 'INS*Y*18*021*28*A***FT~', 'REF*0F*%s~' % p.ssn.replace('-', ''), nm.replace('MI*', '34*'), 'DMG*D8*%s*%s~' % (p.born.strftime('%Y%m%d'), p.sex.upper()), 'HD*021**HLT*PPO500~'], '276': ['BHT*0010*13*%s*20250304~' % digits(r, 5), nm, 'TRN*1*%s~' % digits(r, 9), 'REF*1K*%s~' % digits(r, 9), 'AMT*T3*412~']}[k]
    c.h('X12 ' + k)
    return nl.join([isa, 'GS*%s*SENDER*RECV*20250304*1011*1*X*005010X222A1~' % gs, 'ST*%s*0001~' % k] + body + ['SE*%d*0001~' % (len(body) + 2), 'GE*1*1~', 'IEA*1*000000001~'])
def ccda(r, c):
    p = c.p[0]; c.note('NAME', p.full); d = r.choice(ICD); c.h(d[1])
    return '<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3"><title>%s</title><recordTarget><patientRole><id extension="%s" root="2.16.840.1.113883.19.5"/><addr><streetAddressLine>%s</streetAddressLine></addr><telecom value="tel:%s"/><patient><name><given>%s</given><family>%s</family></name><birthTime value="%s"/></patient></patientRole></recordTarget><component><structuredBody><component><section><code code="11450-4"/><title>Problems</title><text><list><item>%s</item></list></text><entry><observation><value code="%s" displayName="%s"/></observation></entry></section></component></structuredBody></component></ClinicalDocument>' % (r.choice(['Continuity of Care Document', 'Summary of Care', 'Discharge Summary']), p.mrn, x(p.addr), p.phone, x(p.first), x(p.last), p.born.strftime('%Y%m%d'), x(d[1]), d[0], x(d[1]))
def interop(r, c):
    PENDING.append(c.p[0])
    k = r.choice(['hl7', 'hl7', 'fhir', 'fhir', 'x12', 'x12', 'ccda', 'fhir_xml'])
    t = {'hl7': hl7, 'fhir': fhir, 'x12': x12, 'ccda': ccda, 'fhir_xml': lambda r, c: fhir(r, c, True)}[k](r, c)
    nm, ct = {'hl7': (r.choice(['oru.hl7', 'msg.txt', 'feed.dat']), r.choice(['application/octet-stream', 'text/plain', 'application/hl7-v2'])), 'fhir': (r.choice(['bundle.json', 'patient.json', 'export.txt']), r.choice(['application/json', 'application/fhir+json', 'text/plain'])), 'x12': (r.choice(['batch.edi', 'claims.837', 'file.x12', 'in.txt']), r.choice(['application/EDI-X12', 'application/octet-stream', 'text/plain'])), 'ccda': (r.choice(['ccd.xml', 'summary.xml', 'CCDA.XML']), r.choice(['text/xml', 'application/xml'])), 'fhir_xml': ('bundle.xml', 'application/fhir+xml')}[k]
    return k, t, (nm, ct, t.encode())

def doc_lines(r, c):
    """A letter, note, bill or result of one page, as lines, from a text template."""
    cat = r.choice(['clinical_note', 'referral', 'lab_results', 'prescription', 'billing_eob', 'insurance', 'benefits_hr', 'appointment'])
    s, b = (c.fill(r.choice([t for t in lines(tpl_phi.T[cat])])) + ' || ').split(' || ')[:2]
    t = r.choice(['%s\n%s\n\n' % (r.choice(ORGS), address(r)), 'Date: %s\n\n' % fmt_date(r, day(r)), '', '%s\n\nTo: %s\n\n' % (r.choice(ORGS).upper(), 'Dr. ' + surname(r))]) + b + r.choice(['', '\n\nSincerely,\n' + Person(r).full, '\n\nPage 1 of 1', '\n\nElectronically signed'])
    out = []
    for l in t.split('\n'):
        while len(l) > 88: k = l.rfind(' ', 0, 88); k = k if k > 0 else 88; out.append(l[:k]); l = l[k:].strip()
        out.append(l)
    return out

# ---------------------------------------------------------------- one mail of each category
def from_template(r, c, T, cat):
    t = c.fill(r.choice(lines(T[cat]))); s, b = t.split(' || ', 1) if ' || ' in t else ('', t)
    return s.strip(), b
TEXTPHI = ['clinical_note', 'referral', 'lab_results', 'prescription', 'billing_eob', 'benefits_hr', 'insurance', 'appointment', 'informal_name_only', 'identifier_no_name']
def greet(r, s): return r.choice(['Hi %s,' % Person(r).first, 'Dear colleague,', 'Hello,', 'Dr. %s,' % surname(r), 'Hi all', 'Good morning %s' % Person(r).first, 'Team,']) + r.choice(['\n\n', '\n']) + s
def phi_text(r, out, cat):
    c = Ctx(r); s, b = from_template(r, c, tpl_phi.T, cat); sub = None; kw = {}; where = ['body']
    if cat in ('informal_name_only', 'appointment', 'prescription') or r.random() < .3: b = rough(r, b)
    if cat == 'appointment' and b.lower().startswith(('dear', 'hi ', 'hello', 'estimado')) and r.random() < .6: kw['to'] = [c.p[0].email]
    elif r.random() < .2: b = greet(r, b)
    if r.random() < .1: kw['history'] = '\n'.join(r.sample(NEUTRAL, 2))
    elif r.random() < .07: kw['history'] = b; b = r.choice(NEUTRAL); sub = 'quoted_history'; where = ['quoted']
    elif r.random() < .05: b = b + '\n\n' + '\n'.join(Ctx(r).fill(r.choice(lines(tpl_clean.T['business'])).split(' || ', 1)[1]) for _ in range(6)); sub = 'long'
    if sub != 'quoted_history' and r.random() < .05: s = s + ' ' + c.p[0].last; where = where + ['subject']
    out.add(Mail(r, s, b, **kw).bytes(), 'phi', cat, sub, c.ids, c.health, where)
def clean_text(r, out, cat):
    c = Ctx(r); s, b = from_template(r, c, tpl_clean.T, cat); kw = {}
    if r.random() < .15 and cat not in ('source_code', 'it_logs'): b = greet(r, b)
    if r.random() < .15: kw['history'] = '\n'.join(r.sample(NEUTRAL, 2))
    if cat == 'marketing' and r.random() < .5: kw['client'] = 'bulk'
    if cat == 'public_list': kw['extra'] = ['List-Id: <dev.lists.example>', 'Precedence: list']; kw['client'] = r.choice(['mutt', 'thunderbird', 'gmail'])
    if r.random() < .06: c2 = Ctx(r); b += '\n\n' + c2.fill(r.choice(lines(tpl_clean.T[r.choice(['business', 'staff_operations'])])).split(' || ', 1)[1])
    sub = 'personal' if cat == 'pii_no_health' else None
    out.add(Mail(r, s, b, **kw).bytes(), 'clean', {'traps': 'business', 'code_lists': 'blank_forms_templates'}.get(cat, cat), {'traps': 'trap', 'code_lists': 'code_list'}.get(cat, sub))
def attachment_clean(r, out):
    c = Ctx(r); k = r.choice(['price', 'icd', 'agenda', 'roster', 'stats', 'form', 'hl7ack', 'fhirdef', 'article', 'providers', 'drugs', 'zip', 'x12ack', 'inventory', 'capacity'])
    st = lambda: Person(r).full
    if k == 'price': rows = [['SKU', 'Item', 'Price']] + [[digits(r, 6), r.choice(L('gauze; exam gloves; lancets; stent catheter; CPAP mask; knee brace; A1c cartridge')), r.randint(4, 900)] for _ in range(12)]; a = ('p.xlsx', XL, xlsx([('Sheet1', rows)]))
    elif k == 'icd': rows = [['code', 'title']] + [list(r.choice(ICD)[:2]) for _ in range(25)]; a = r.choice([lambda: ('icd.csv', 'text/csv', csvb(rows, r).encode()), lambda: ('icd.xlsx', XL, xlsx([('codes', rows)]))])()
    elif k == 'agenda': a = ('agenda.pdf', 'application/pdf', pdf(['Agenda, %s' % c.fill('{dept} council {sdate}'), '', '1. Census and staffing - ' + st(), '2. Falls data - ' + st(), '3. New infusion pumps - ' + st(), '4. Round table'], mode=r.randint(0, 3)))
    elif k == 'roster': rows = [['Name', 'Dept', 'Ext', 'Shift']] + [[st(), r.choice(DEPTS), digits(r, 4), r.choice(['7a-7p', '7p-7a', '8-5'])] for _ in range(15)]; a = ('roster.xlsx', XL, xlsx([('week', rows)]))
    elif k == 'stats': rows = [['Measure', 'Q1', 'Q2']] + [[m, r.randint(1, 400), r.randint(1, 400)] for m in ('CLABSI', 'CAUTI', 'Falls', 'Readmissions, heart failure', 'C-sections', 'A1c > 9')]; a = ('scorecard.csv', 'text/csv', csvb(rows, r).encode())
    elif k == 'form': a = ('form.docx', WD, docx(['NEW PATIENT FORM', 'Name: ______________ DOB: __/__/____', 'Insurance: ____________ Member ID: __________', 'Check all that apply: [ ] %s [ ] %s' % tuple(r.sample(DX, 2)), 'Signature: __________']))
    elif k == 'hl7ack': a = ('ack.hl7', 'text/plain', ('MSH|^~\\&|EHR|GCH|LAB|GCH|20250304||ACK^R01|%s|P|2.5\rMSA|AA|%s\r' % (digits(r, 5), digits(r, 5))).encode())
    elif k == 'fhirdef': a = ('sd.json', 'application/json', json.dumps(dict(resourceType=r.choice(['StructureDefinition', 'ValueSet', 'CodeSystem']), name='PatientProfile', status='draft', concept=[dict(code=q[0], display=q[1]) for q in r.sample(ICD, 5)])).encode())
    elif k == 'article': a = ('draft.docx', WD, docx(['By ' + st(), c.fill('Living with {dx}: what {drf} tells the newly diagnosed'), c.fill('Common symptoms are {sym} and {sym2}. {drug} can help.')]))
    elif k == 'providers': rows = [['Provider', 'NPI', 'Specialty', 'Phone']] + [[st() + ', MD', luhn_npi(r), r.choice(DEPTS), phone(r)] for _ in range(14)]; a = r.choice([lambda: ('dir.csv', 'text/csv', csvb(rows, r).encode()), lambda: ('dir.xlsx', XL, xlsx([('dir', rows)])), lambda: ('dir.pdf', 'application/pdf', pdf(['   '.join(w) for w in rows]))])()
    elif k == 'drugs': rows = [['NDC', 'Drug', 'Strength', 'On hand']] + [['%s-%s-%s' % (digits(r, 5), digits(r, 4), digits(r, 2)), r.choice(DRUGS), r.choice(DOSE), r.randint(0, 90)] for _ in range(18)]; a = ('stock.csv', 'text/csv', csvb(rows, r).encode())
    elif k == 'zip': a = ('src.zip', 'application/zip', zipped([('README.txt', 'Build: make all'), ('patient.c', 'struct patient { int id; };')]))
    elif k == 'x12ack': a = ('ack.999', 'application/octet-stream', ('ISA*00*          *00*          *ZZ*RECV           *ZZ*SENDER         *250304*1011*^*00501*%s*0*P*:~GS*FA*R*S*20250304*1011*1*X*005010X231A1~ST*999*0001~AK1*HC*1~AK9*A*1*1*1~SE*4*0001~GE*1*1~IEA*1*000000001~' % digits(r, 9)).encode())
    elif k == 'inventory': rows = [['Asset', 'Serial', 'Location', 'Owner']] + [[r.choice(L('ventilator; ECG cart; glucometer; bed')), digits(r, 9), r.choice(DEPTS), st()] for _ in range(12)]; a = ('assets.xlsx', XL, xlsx([('a', rows)]))
    else: rows = [['Unit', 'Beds', 'Occupied', 'Manager']] + [[d, 24, r.randint(9, 24), st()] for d in r.sample(DEPTS, 8)]; a = ('beds.csv', 'text/csv', csvb(rows, r).encode())
    out.add(Mail(r, r.choice(['price list', 'codes', 'attached', 'list', 'update', 'file for ' + fmt_date(r, day(r))]), r.choice(COVER), [a]).bytes(), 'clean', 'attachment_clean', k)
def one(r, out, cat):
    if cat in TEXTPHI: return phi_text(r, out, cat)
    if cat in tpl_clean.T: return clean_text(r, out, cat)
    if cat == 'attachment_clean': return attachment_clean(r, out)
    c = Ctx(r)
    if cat == 'recipient_list':
        s, b = from_template(r, c, tpl_phi.T, cat); ps = [Person(r) for _ in range(r.choice([5, 6, 8, 12, 20, 40]))]; PENDING.extend(ps); to = [p.email if r.random() < .7 else '%s <%s>' % (p.full if p.full.replace(' ', '').isalpha() and p.full.isascii() else '"x"', p.email) for p in ps]
        cc = None
        if r.random() < .3: cc, to = to[2:], to[:2]
        return out.add(Mail(r, s, b, to=to, cc=cc).bytes(), 'phi', cat, None, [{'type': 'EMAIL', 'value': p.email} for p in ps[:3]], c.health or [s], ['headers', 'body'])
    if cat == 'spreadsheet':
        if r.random() < .22:
            t, h, ids, hh = inline_table(r); return out.add(Mail(r, 'list', (r.choice(COVER) + '\n\n' + t) if h is None else '', html=h, client='outlook').bytes(), 'phi', cat, 'inline', ids, hh, ['body'])
        sub, a, ids, h = spreadsheet(r); return out.add(Mail(r, r.choice(['panel', 'list', 'report', 'export', 'worklist', '']), r.choice(COVER), [a]).bytes(), 'phi', cat, sub, ids, h, ['attachment:' + sub])
    if cat == 'interop_hl7_fhir_x12':
        k, t, a = interop(r, c)
        if r.random() < .15: return out.add(Mail(r, r.choice(['msg', 'paste', 'rejected']), 'see below\n\n' + t.replace('\r\n', '\n').replace('\r', '\n')).bytes(), 'phi', cat, k, c.ids, c.health, ['body'])
        return out.add(Mail(r, r.choice(['bundle', 'claim file', 'oru sample', 'test msg', 'ccd', 'interface err']), r.choice(COVER), [a]).bytes(), 'phi', cat, k, c.ids, c.health, ['attachment:' + k])
    if cat == 'pdf_attachment':
        ls = doc_lines(r, c); return out.add(Mail(r, r.choice(['letter', 'scan', 'signed', 'document', 'form', 'report']), r.choice(COVER), [(r.choice(['letter.pdf', 'scan0001.pdf', 'doc.pdf', 'report (1).pdf']), r.choice(['application/pdf', 'application/octet-stream']), pdf(ls, compress=r.random() < .7, mode=r.randint(0, 3)))]).bytes(), 'phi', cat, None, c.ids, c.health, ['attachment:pdf'])
    if cat == 'docx_attachment':
        ls = doc_lines(r, c); tb = None
        return out.add(Mail(r, r.choice(['summary', 'letter', 'word doc', 'draft', 'note']), r.choice(COVER), [(r.choice(['s.docx', 'Document1.docx', 'letter.docx']), r.choice([WD, 'application/octet-stream']), docx(ls, table=tb, split=r.random() < .3, r=r))]).bytes(), 'phi', cat, None, c.ids, c.health, ['attachment:docx'])
    if cat == 'evasion':
        k = r.choice(EV)
        t = c.fill(r.choice(['{name} {ssn} {dx}', '{name}, SSN {ssn} - {dx}', '{name} SSN {ssn}, on {drug}', '{name} {ssn} {proc} due', '{name} ({ssn}) admitted for {dx}', '{name} SSN {ssn} {lab}', 'pt {name} {ssn} started {drug} {dose}', '{lf} {ssn} {dx}, {proc} pending', '{name} {ssn} here with {sym}']))
        f, w = evasions.E[k]
        return out.add(f(r, t), 'phi', cat, k, c.ids, c.health, w)
    if cat == 'forwarded':
        s, b = from_template(r, c, tpl_phi.T, r.choice(TEXTPHI)); inn = Mail(r, s, b).bytes()
        return out.add(Mail(r, 'Fwd: ' + (s or 'see below'), r.choice(['see below', 'fyi', 'for you', 'can you handle']), [(None, 'message/rfc822', inn)]).bytes(), 'phi', 'evasion', 'forwarded_rfc822', c.ids, c.health, ['message/rfc822'])
    raise KeyError(cat)
EV = [k for k in evasions.E]
W = dict(clinical_note=7, referral=6, lab_results=7, prescription=6.5, billing_eob=6, benefits_hr=5, insurance=6, appointment=6, informal_name_only=8, identifier_no_name=5, recipient_list=3.5, spreadsheet=6, interop_hl7_fhir_x12=6, pdf_attachment=4, docx_attachment=4, evasion=16, forwarded=1,
  business=9, public_list=6, health_article=6, research_deidentified=6, jobs_press_providers=7, staff_operations=9, blank_forms_templates=6, code_lists=3, invoice=6, it_logs=5, source_code=4, number_lookalikes=7, marketing=6, veterinary=5, benefits_general=5, pii_no_health=3, traps=7, attachment_clean=6)
def main():
    a = argparse.ArgumentParser(); a.add_argument('--seed', type=int, default=1); a.add_argument('--count', type=int, default=3000); a.add_argument('--out', required=True); o = a.parse_args()
    r = random.Random(o.seed); out = Out(o.out); cats = list(W); 
    for c in r.choices(cats, [W[k] for k in cats], k=o.count): one(r, out, c)
    out.close(decoys=4000)
if __name__ == '__main__': main()
