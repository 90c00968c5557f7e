#!/usr/bin/env python3
"""Machinery shared by the corpus generators: people, numbers, words, mail layouts, small real XLSX/DOCX/PDF files.
Holds no templates: those of the development corpus are in make_corpus.py, those of the held-out one in make_held.py."""
import base64, binascii, datetime, io, json, os, quopri, random, re, zipfile, zlib

# A folder with the census names and the term lists that rules/hipaa/data/NOTICE names, as their packages ship them.
DATA = os.environ.get('CORPUS_DATA', 'data').rstrip('/') + '/'
def tsv(name):
    with open(DATA + name, encoding='utf-8') as f:
        next(f)
        return [l.rstrip('\n').split('\t') for l in f]

_SUR = tsv('surnames_census1990.tsv'); _GF = tsv('given_female_census1990.tsv'); _GM = tsv('given_male_census1990.tsv')
def _w(rows): return [r[0] for r in rows], [float(r[1]) + 0.0005 for r in rows]
SURN, SURW = _w(_SUR); GFN, GFW = _w(_GF); GMN, GMW = _w(_GM)
import itertools
SURC = list(itertools.accumulate(SURW)); GFC = list(itertools.accumulate(GFW)); GMC = list(itertools.accumulate(GMW))
FOREIGN_LAST = """Nguyen-Pham Adeyemi Oyelaran Chukwuemeka Haddadin Al-Rashid El-Masri Kowalczyk Szymańska Wiśniewski Grzybowska Papadimitriou Konstantinidis
Yıldırım Øvergaard Bjørnstad Håkansson Rautiainen Kärkkäinen Csikszentmihalyi Němcová Horvátová Petrović Đurić Ivanchenko Kuznetsova Shevchuk Tsereteli
Ter-Petrosyan Mirzoyan Bhattacharyya Venkataraman Subramaniam Chakraborty Mukherjee Rajagopalan Krishnamurthy Deshpande Wickramasinghe Tharmalingam
Rattanakosin Phommachanh Sisavath Vang Xiong Thao Kealoha Kamaka Tuiasosopo Fa'asavalu Begaye Tsinajinnie Yazzie Mwangi Otieno Nkemelu Okonkwo Asante-Mensah
Owusu Diallo Ndiaye Traoré Tesfaye Gebremariam Habtemariam Abdirahman Warsame Jimale Ezeudu Quispe-Mamani Huamán Ñancupil Echeverría Muñoz Ibáñez Zúñiga
Gutiérrez Peñaloza Villagómez Achterberg van-der-Meer Vandenbroucke D'Agostino De-Luca Di-Bartolomeo Dell'Acqua O'Shaughnessy Ó-Briain MacGillivray Mac-an-tSaoir
Saint-Cyr Thériault Bélanger Lévesque Düsterhöft Müller-Lüdenscheidt Schönfeld Großmann Hashimoto Takahara Kuroiwa Szeto Cheung Tseng Hsieh Ouyang Zhuang
Bae Kwak Seong Batbayar Dorji Shrestha Gurung Maharjan Barzani Shirazi Farrokhzad Golestani Bazargan Cohen-Tannoudji Ben-Shimon Goldfarb-Katz""".split()
FOREIGN_M = """Oluwaseun Chukwudi Bogusław Grzegorz Zbigniew Konstantinos Yiannis Mehmet Åke Jukka László Tomáš Dragan Oleksandr Giorgi Aram Anirban Venkat Sundar
Kasun Somchai Bounmy Tou Kekoa Sione Hosteen Kipchoge Kwabena Mamadou Tadesse Abdi Wiremu José Ramón Íñigo Sjoerd Fionn Lorcán Étienne Jürgen Björn Kenji Haruto Wei-Ting
Zhiyuan Jin-woo Bat-Erdene Tenzin Rebin Farhad Avigdor Shlomo Thanh Quoc-Bao Tuan Rashad Mustafa Yusuf""".split()
FOREIGN_F = """Adaeze Ngozi Agnieszka Małgorzata Katarzyna Despina Ayşe Solveig Päivi Zsófia Kateřina Milica Oksana Nino Anahit Sreelakshmi Lakshmi Priyanka Nirosha
Malee Kalaya Mai-Yer Leilani Losa Nizhoni Wanjiru Akosua Fatoumata Selamawit Hodan Xóchitl Itzel Íris Saoirse Aoibheann Niamh Geneviève Maëlle Käthe Sakura Hanae Mei-Ling
Xiuying Ji-hye Oyuun Pema Shirin Maryam Tziporah Hadas Thu-Huong Ngoc-Anh Bich-Ngoc Aaliyah Khadijah Zahra""".split()

def given(r, sex):
    k = r.random()
    if k < .62: return r.choices(GFN if sex == 'f' else GMN, cum_weights=GFC if sex == 'f' else GMC)[0]
    if k < .84: return r.choice(GFN if sex == 'f' else GMN)
    return r.choice(FOREIGN_F if sex == 'f' else FOREIGN_M)
def surname(r):
    k = r.random()
    if k < .52: return r.choices(SURN, cum_weights=SURC)[0]
    if k < .82: return r.choice(SURN)
    if k < .95: return r.choice(FOREIGN_LAST).replace('-der-', ' der ').replace('De-L', 'De L').replace('Di-B', 'Di B').replace('-an-', ' an ')
    return r.choices(SURN, cum_weights=SURC)[0] + '-' + r.choice(SURN)

LET = 'ACDEFGHJKMNPQRTUVWXY'
def digits(r, n): return ''.join(r.choice('0123456789') for _ in range(n))
def luhn_npi(r):
    b = r.choice('12') + digits(r, 8); s = '80840' + b; t = 0
    for i, c in enumerate(reversed(s)):
        d = int(c)
        if i % 2 == 0:
            d *= 2
            if d > 9: d -= 9
        t += d
    return b + str((10 - t % 10) % 10)
def dea(r, last):
    d = [int(c) for c in digits(r, 6)]
    return r.choice('ABFGM') + last[0].upper() + ''.join(map(str, d)) + str((d[0]+d[2]+d[4] + 2*(d[1]+d[3]+d[5])) % 10)
def ssn_raw(r):
    a = r.randint(1, 899)
    while a == 666: a = r.randint(1, 899)
    return '%03d-%02d-%04d' % (a, r.randint(1, 99), r.randint(1, 9999))
def mbi_raw(r):
    al = LET; an = al + '0123456789'; n = '0123456789'
    return r.choice('123456789')+r.choice(al)+r.choice(an)+r.choice(n)+r.choice(al)+r.choice(an)+r.choice(n)+r.choice(al)+r.choice(al)+r.choice(n)+r.choice(n)
def mrn_raw(r):
    return r.choice([lambda: digits(r,6).replace('0','4',1) if 0 else str(r.randint(100000,999999)), lambda: '%08d' % r.randint(100000,99999999), lambda: str(r.randint(1000000,9999999)),
        lambda: r.choice('EMPHZ') + digits(r,7), lambda: '%03d-%02d-%02d' % (r.randint(100,999), r.randint(0,99), r.randint(0,99)), lambda: r.choice(['MR','GH','WB','UH','C']) + digits(r,6),
        lambda: '%d-%d' % (r.randint(100,999), r.randint(1000,9999)), lambda: '%010d' % r.randint(10**8, 10**10-1)])()
def member_raw(r):
    return r.choice([lambda: r.choice(LET)+digits(r,8), lambda: ''.join(r.choice(LET) for _ in range(3))+digits(r,9), lambda: digits(r,3)+''.join(r.choice(LET) for _ in range(2))+digits(r,5),
        lambda: 'W'+digits(r,9)+'-0'+r.choice('123'), lambda: digits(r,9)+'A', lambda: ''.join(r.choice(LET) for _ in range(2))+' '+digits(r,3)+' '+digits(r,3)+' '+digits(r,2), lambda: digits(r,11)])()
AREA = '201 206 212 214 216 248 303 305 312 317 323 404 414 415 419 503 505 512 520 602 608 614 617 626 702 704 713 720 773 803 808 813 832 843 901 907 919 952 971 985'.split()
def phone(r):
    a = r.choice(AREA); l = '01%02d' % r.randint(0, 99)
    return r.choice(['%s-555-%s','(%s) 555-%s','%s.555.%s','+1 %s 555 %s','%s 555 %s','1-%s-555-%s','%s555%s','%s 555-%s']) % (a, l)
CITIES = [('Duluth','MN','558'),('Lowell','MA','018'),('Macon','GA','312'),('Yakima','WA','989'),('Pueblo','CO','810'),('Erie','PA','165'),('Laredo','TX','780'),('Fargo','ND','581'),('Dothan','AL','363'),
 ('Bangor','ME','044'),('Salina','KS','674'),('Topeka','KS','666'),('Elko','NV','898'),('Visalia','CA','932'),('Peoria','IL','616'),('Flint','MI','485'),('Racine','WI','534'),('Tulsa','OK','741'),
 ('Biloxi','MS','395'),('Ocala','FL','344'),('Utica','NY','135'),('Trenton','NJ','086'),('Akron','OH','443'),('Gallup','NM','873'),('Hilo','HI','967'),('Kenosha','WI','531'),('Bend','OR','977')]
STREET = 'Fairmount Cedar Orchard Wexford Larkspur Bristlecone Mill Pond|Quarry|Sycamore|Old Post|Juniper|Magnolia|Kessler|Hawthorne|Ridgeline|Tamarack|Bayview|Harrison|Alder Creek|W 14th|N Capitol|County Road 12|Via Esperanza|Prospect|Whippoorwill'.replace(' Mill',' |Mill').split('|')
STREET = ['Fairmount','Cedar','Orchard','Wexford','Larkspur','Bristlecone'] + STREET[1:]
def address(r):
    c, s, z = r.choice(CITIES)
    st = '%d %s %s' % (r.randint(11, 9899), r.choice(STREET), r.choice('St Ave Blvd Ln Dr Ct Rd Way Terrace Pl'.split()))
    if r.random() < .3: st += r.choice([' Apt %d', ' #%d', ', Unit %d']) % r.randint(1, 240)
    return r.choice(['%s, %s, %s %s', '%s, %s %s %s']) % (st, c, s, z + '%02d' % r.randint(1, 99))
MON = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split()
MONTH = 'January February March April May June July August September October November December'.split()
def fmt_date(r, d):
    return r.choice([lambda: d.strftime('%m/%d/%Y'), lambda: '%d/%d/%02d' % (d.month, d.day, d.year % 100), lambda: d.isoformat(), lambda: '%s %d, %d' % (MONTH[d.month-1], d.day, d.year),
        lambda: '%02d-%s-%d' % (d.day, MON[d.month-1], d.year), lambda: d.strftime('%m-%d-%Y'), lambda: '%d %s %d' % (d.day, MON[d.month-1], d.year), lambda: '%d/%d/%d' % (d.month, d.day, d.year), lambda: d.strftime('%m.%d.%Y')])()
def day(r, lo=2024, hi=2026): return datetime.date(lo, 1, 1) + datetime.timedelta(days=r.randint(0, (hi - lo) * 365))

# ---------------------------------------------------------------- words
def L(s): return [x.strip() for x in re.split(r'[;\n]', s) if x.strip()]
DX = L("""type 2 diabetes; hypertension; atrial fibrillation; COPD; asthma; breast cancer; prostate cancer; stage III colon cancer; non-Hodgkin lymphoma; multiple myeloma; CLL; congestive heart failure; CHF exacerbation
chronic kidney disease stage 4; ESRD; end-stage renal disease; cirrhosis; hepatitis C; HIV; AIDS; tuberculosis; latent TB; syphilis; gonorrhea; chlamydia; genital herpes; bipolar disorder; schizophrenia; major depression; PTSD; generalized anxiety
OCD; anorexia nervosa; bulimia; ADHD; autism; opioid use disorder; alcohol dependence; cocaine abuse; early Alzheimer's; vascular dementia; Lewy body dementia; Parkinson's; multiple sclerosis; ALS; epilepsy; absence seizures; migraine; stroke; TIA
subdural hematoma; glioblastoma; meningioma; rheumatoid arthritis; osteoarthritis; lupus; psoriasis; psoriatic arthritis; gout; fibromyalgia; osteoporosis; spinal stenosis; herniated disc; sciatica; carpal tunnel; rotator cuff tear; torn ACL; meniscal tear; hip fracture; Colles fracture
scoliosis; plantar fasciitis; Crohn's disease; ulcerative colitis; celiac disease; diverticulitis; GERD; Barrett's esophagus; gallstones; acute pancreatitis; appendicitis; inguinal hernia; hemorrhoids; IBS; C. diff; pneumonia; bronchiolitis; RSV; influenza A; COVID-19; long COVID; pulmonary embolism; DVT
sleep apnea; sarcoidosis; idiopathic pulmonary fibrosis; cystic fibrosis; lung nodule; hypothyroidism; Graves' disease; Hashimoto's; Addison's; Cushing's; PCOS; endometriosis; uterine fibroids; preeclampsia; gestational diabetes; ectopic pregnancy; miscarriage; infertility; erectile dysfunction; BPH
kidney stones; recurrent UTI; pyelonephritis; incontinence; glaucoma; macular degeneration; cataracts; diabetic retinopathy; tinnitus; vertigo; Meniere's; otitis media; strep throat; mono; shingles; cellulitis; MRSA; eczema; melanoma; basal cell carcinoma; scabies; head lice; sickle cell disease; hemophilia
iron deficiency anemia; thrombocytopenia; leukemia; aplastic anemia; hyponatremia; hyperkalemia; gastroparesis; peripheral neuropathy; foot ulcer; osteomyelitis; sepsis; endocarditis; aortic stenosis; mitral regurgitation; coronary artery disease; NSTEMI; cardiomyopathy; pericarditis; Lyme disease; Down syndrome; spina bifida; cerebral palsy; hydrocephalus; cleft palate; tongue tie; failure to thrive; necrotizing enterocolitis; Guillain-Barré; myasthenia gravis; Bell's palsy; trigeminal neuralgia; concussion; dyslipidemia; morbid obesity; NASH; hemochromatosis; Wilson's disease""")
DX_COLL = L("""the flu; a bad hip; water on the lungs; sugar problems; a stomach bug; pink eye; the clap; the shakes; a touch of pneumonia; a weak heart; clogged arteries; a slipped disc; a leaky valve; heart trouble; a mini stroke; the big C; a lump in her breast; bad kidneys; bed sores; a bladder infection
panic attacks; a nervous breakdown; suicidal thoughts; a positive pregnancy test; morning sickness; lice; ringworm; a busted knee; a broken wrist; a concussion; an ear infection; hand foot and mouth; strep; croup; whooping cough; a yeast infection; a rash all over; hives; an abscessed tooth""")
SYM = L("""chest pain; shortness of breath; wheezing; a cough that won't quit; fever of 102.4; night sweats; weight loss; swollen ankles; palpitations; dizzy spells; fainting; numb fingers; tingling in both feet; blurred vision; double vision; headaches every morning; neck stiffness; back spasms; knee swelling; hip pain
blood in the stool; black stools; vomiting; diarrhea for a week; constipation; heartburn; bloating; trouble swallowing; jaundice; itching; rash; bruising; bleeding gums; nosebleeds; hearing voices; insomnia; panic attacks; confusion; memory lapses; tremor; falls; weakness on the left side; slurred speech
burning when urinating; incontinence; hot flashes; spotting; heavy periods; pelvic pain; breast tenderness; hair loss; fatigue; joint stiffness; a draining wound; a red swollen calf; ringing in the ears; cramps; hiccups that don't stop; cutting herself; not eating; a racing heart; ankle edema; pus from the incision""")
DRUGS = L("""metformin; lisinopril; atorvastatin; levothyroxine; amlodipine; metoprolol; omeprazole; losartan; gabapentin; sertraline; fluoxetine; escitalopram; bupropion; trazodone; quetiapine; olanzapine; risperidone; aripiprazole; lithium; lamotrigine; valproate; clonazepam; alprazolam; lorazepam; zolpidem
methylphenidate; Adderall; Vyvanse; buprenorphine; Suboxone; methadone; naltrexone; oxycodone; hydrocodone; morphine; fentanyl patch; tramadol; warfarin; Eliquis; Xarelto; clopidogrel; furosemide; spironolactone; hydrochlorothiazide; digoxin; amiodarone; insulin glargine; Humalog; Ozempic; Trulicity; Jardiance
prednisone; methotrexate; Humira; Enbrel; infliximab; Dupixent; rituximab; tamoxifen; letrozole; Keytruda; imatinib; Biktarvy; Truvada; Descovy; dolutegravir; acyclovir; Tamiflu; Paxlovid; amoxicillin; Augmentin; azithromycin; doxycycline; ciprofloxacin; Bactrim; nitrofurantoin; vancomycin; cephalexin
albuterol; Advair; Symbicort; Spiriva; montelukast; EpiPen; cetirizine; donepezil; memantine; carbidopa-levodopa; levetiracetam; topiramate; sumatriptan; Botox; baclofen; cyclobenzaprine; allopurinol; colchicine; alendronate; Prolia; finasteride; tamsulosin; sildenafil; estradiol; Depo-Provera; Mirena; clomiphene; misoprostol
latanoprost; ondansetron; mesalamine; Entyvio; lactulose; rifaximin; sevelamer; epoetin; tacrolimus; mycophenolate; isotretinoin; clobetasol; PrEP; Plan B; testosterone; Wegovy""")
DOSE = L("5 mg; 10 mg; 20 mg; 25 mg; 40 mg; 50 mg; 100 mg; 250 mg; 500 mg; 0.5 mg; 2.5 mg; 75 mcg; 10 units; 30 units; 1 g; 150 mg XL; 12.5 mg; 2 puffs; 5 ml; 300mg; 20mg; 10mg; 0.25mg")
SIG = L("daily; BID; tid; qhs; q6h prn; twice a day; once weekly; every 8 hours; at bedtime; with food; as needed; po daily; x10 days; 1 tab po qd; every other day; sub-q weekly")
PROC = L("""colonoscopy; upper endoscopy; EGD; mammogram; breast biopsy; lumpectomy; mastectomy; chemo; chemotherapy; radiation; bone marrow biopsy; cardiac cath; stress test; echocardiogram; pacemaker check; ablation; bypass surgery; stent placement; carotid ultrasound; MRI; MRI of the lumbar spine; CT abdomen; CT head; chest x-ray; PET scan; DEXA scan
EMG; EEG; sleep study; spirometry; bronchoscopy; thoracentesis; dialysis; fistula placement; kidney biopsy; cystoscopy; vasectomy; prostate biopsy; TURP; hysterectomy; D&C; tubal ligation; C-section; IVF transfer; amniocentesis; 20-week scan; colposcopy; Pap smear; IUD insertion; knee replacement; hip replacement; knee arthroscopy; rotator cuff repair
spinal fusion; epidural injection; carpal tunnel release; cataract surgery; LASIK; tonsillectomy; ear tubes; cochlear implant; root canal; wisdom teeth extraction; skin biopsy; Mohs; patch testing; allergy shots; infusion; blood transfusion; wound vac change; physical therapy; speech therapy; methadone intake; detox; ECT; TMS; gastric bypass; hernia repair; cholecystectomy; appendectomy; liver transplant evaluation; paracentesis; flu shot; shingles vaccine; TB test; HIV test; STD screen; drug screen; glucose tolerance test; hearing test; eye exam; feeding tube placement; tracheostomy; amputation; hospice intake""")
LABS = [('A1c','%.1f','%%',5.1,13),('HbA1c','%.1f',' %%',5.1,13),('potassium','%.1f',' mmol/L',2.6,6.8),('K','%.1f','',2.6,6.8),('creatinine','%.1f',' mg/dL',.6,7),('Cr','%.2f','',.6,7),('hemoglobin','%.1f',' g/dL',6,17),('Hgb','%.1f','',6,17),('INR','%.1f','',1,7),('TSH','%.2f',' uIU/mL',.01,40),
 ('PSA','%.1f',' ng/mL',.2,60),('LDL','%.0f',' mg/dL',50,260),('triglycerides','%.0f','',80,900),('ALT','%.0f',' U/L',10,900),('AST','%.0f','',10,900),('bilirubin','%.1f','',.2,18),('ferritin','%.0f',' ng/mL',3,1800),('WBC','%.1f','',.8,38),('platelets','%.0f','K',8,700),('sodium','%.0f',' mEq/L',112,158),
 ('BNP','%.0f',' pg/mL',50,4000),('troponin','%.2f',' ng/mL',.01,12),('CRP','%.1f','',.5,220),('ESR','%.0f',' mm/hr',4,120),('vitamin D','%.0f','',6,70),('B12','%.0f','',90,1200),('lithium level','%.1f','',.2,2.4),('viral load','%.0f',' copies/mL',20,240000),('CD4','%.0f','',12,1100),('beta hCG','%.0f','',5,90000),
 ('glucose','%.0f',' mg/dL',38,560),('BUN','%.0f','',7,110),('calcium','%.1f','',6.5,14),('uric acid','%.1f','',3,12),('eGFR','%.0f','',6,110),('D-dimer','%.2f','',.1,12),('lipase','%.0f',' U/L',20,3000),('tacro trough','%.1f','',2,20),('CA-125','%.0f','',8,900),('cortisol','%.1f','',.5,40)]
RESQ = L("""Pap came back HSIL; strep swab positive; urine culture grew E. coli; stool positive for C. diff; HIV test reactive; hep C antibody positive; biopsy shows adenocarcinoma; path benign; MRI shows a full-thickness tear; mammogram BI-RADS 4; CT negative for PE; RPR reactive 1:32; chlamydia NAAT detected; FIT test positive; pregnancy test positive; tox screen positive for cocaine; quantiferon indeterminate; EEG abnormal; ANA 1:640; blood culture 1 of 2 with GPC; monospot positive; echo EF 25%; bone scan clean; DEXA T-score -3.1; COVID PCR detected; wound culture MRSA; BRCA1 variant found; lead level 14; sickle screen FS; hearing screen referred on left""")
DEPTS = L("Cardiology; Oncology; Orthopedics; Neurology; Nephrology; Pediatrics; Labor & Delivery; NICU; ICU; Emergency Department; Radiology; Endocrinology; Gastroenterology; Behavioral Health; Dermatology; Pulmonology; Urology; Rheumatology; Infectious Disease; Hospice; Wound Care; Pain Clinic; Dialysis; Sleep Lab; Physical Therapy; Infusion Center; Pharmacy; Same Day Surgery; Med-Surg 4 West; Step-down; OB/GYN; ENT; Ophthalmology; Palliative Care; Outpatient Lab; Health Information Management; Patient Access; Sterile Processing; Utilization Review; Environmental Services")
INS = L("Bluestone Health; Cascade Mutual; Harborview HMO; Medicaid; Medicare; Pinnacle PPO; TriState Advantage; United Prairie; Evergreen Choice; Molino Care; Starling Health Plan; Redwood Benefit Trust; Keystone Select; BCBS; Tricare; Great Plains Cooperative; Sunfield Advantage")
ORGS = L("Alderbrook Clinic; Northgate Title Co; Meadow Valley Hospital; Pinecrest Family Practice; Sable Robotics; Tern Insurance; Copperline Logistics; St. Brigid Medical Center; Ironwood Capital; Lakeshore Dermatology; Harmon & Pike LLP; Bluefin Software; Riverbend Dialysis; Cobalt Imaging; Fernwood Pharmacy; Oak Hollow Animal Hospital; Quill & Anchor Press; Larkfield School District; Summit Orthopedics; Vantage Payroll; Willow Creek Hospice; Granite Peak University; Marlow County Public Health; Tidewater Builders; Cedar Rapids Eye Associates; Brightpath Behavioral; Juniper Foods; Halcyon Medical Supply; Delta Freight; Prairie State Bank")
TITLES = L("RN; Office Manager; Practice Administrator; Billing Specialist; Account Executive; Senior Engineer; Medical Records; Director, Oncology Services; MD; Care Coordinator; Project Manager; HR Generalist; PharmD; Attorney; Claims Examiner; Underwriter; Clinical Research Coordinator; Paralegal; Director of Nursing; Physical Therapist; LCSW; Front Desk; Sales; Nurse Practitioner; Patient Access Rep; Chief Medical Officer; Professor of Epidemiology; IT Support; DVM; Dispatcher; Coder, CPC; Medical Assistant")
DISCL = """This e-mail may contain protected health information (PHI) and is intended only for the addressee. If you received it in error please delete it.
CONFIDENTIALITY NOTICE: The contents of this message, including patient information and any medical record attachments, are privileged under HIPAA (45 CFR 164).
This message and any files transmitted with it may contain confidential health information. Unauthorized review, use or disclosure is prohibited.
Please do not send medical questions by email. If this is an emergency, call 911 or go to the nearest emergency room.
NOTICE: Alcohol and drug treatment records are protected by 42 CFR Part 2. Redisclosure is prohibited.
The information in this email is confidential and may be legally privileged. Access by anyone else is unauthorised.
Please consider the environment before printing this email.
If you are a patient of ours, use the portal for appointment or prescription refill requests; do not reply with your date of birth or insurance number.
This email originated outside the organization. Do not click links unless you recognize the sender.
IMPORTANT WARNING: this transmission may include diagnosis and treatment information about a patient. You are obligated to maintain it in a safe, secure and confidential manner.
The views expressed are those of the author and not of the hospital, its medical staff or clinics.
Confidential: attorney-client communication / work product.""".strip().split("\n")
FREEMAIL = L("gmail.com; yahoo.com; hotmail.com; outlook.com; aol.com; comcast.net; sbcglobal.net; icloud.com; att.net; verizon.net; proton.me; earthlink.net")

ICD = [r for r in tsv('icd10cm_2026.tsv') if '.' in r[0] and r[0][0] not in 'VWXYZ' and len(r[1]) < 60]
DRUGFILE = [r[0] for r in tsv('drug_names.tsv') if r[3] == '0' and re.fullmatch('[a-z]{6,16}', r[0])]

def slug(s):
    import unicodedata
    return re.sub('[^a-z]', '', unicodedata.normalize('NFKD', s.replace('ı', 'i').replace('ł', 'l').replace('Ø','O').replace('ø','o').replace('ß', 'ss').replace('Đ', 'D').replace('đ','d')).lower()) or 'user'

class Person:
    def __init__(s, r, sex=None):
        s.r = r; s.sex = sex or r.choice('mf'); s.first = given(r, s.sex); s.last = surname(r)
        s.born = datetime.date(r.randint(1928, 2023), r.randint(1, 12), r.randint(1, 28)) if r.random() < .3 else datetime.date(r.randint(1938, 2004), r.randint(1, 12), r.randint(1, 28))
        s.mrn = mrn_raw(r); s.ssn = ssn_raw(r); s.mbi = mbi_raw(r); s.member = member_raw(r); s.phone = phone(r); s.addr = address(r)
        s.age = 2025 - s.born.year
        s.email = '%s%s%s@%s' % (slug(s.first), r.choice(['.', '_', '', '-']), slug(s.last) + r.choice(['', str(r.randint(1, 99)), str(s.born.year), digits(r, 5)]), r.choice(FREEMAIL))
    @property
    def full(s): return s.first + ' ' + s.last

PENDING, PATIENTS = [], {}
class Ctx:
    """Fills `{slot}` and `{a|b|c}` in templates and records what identifying and health values it used."""
    def __init__(s, r):
        s.r = r; s.p = [Person(r) for _ in range(3)]; s.staff = [Person(r) for _ in range(4)]; s.ids = []; s.health = []; s.cache = {}
        if r.random() < .12: s.p[0].last = s.p[0].last
        s.org = r.choice(ORGS)
    def note(s, t, v):
        if {'type': t, 'value': v} not in s.ids: s.ids.append({'type': t, 'value': v})
        return v
    def h(s, v):
        if v not in s.health: s.health.append(v)
        return v
    def slot(s, k):
        if '|' in k: return s.r.choice(k.split('|'))
        if k in s.cache: return s.cache[k]
        m = re.fullmatch(r'([A-Za-z_]+?)(\d?)', k)
        if not m: return k
        base, n = m.group(1), int(m.group(2) or 1) - 1
        try: v = s.make(base, min(n, 2), k)
        except KeyError: return k  # a plain word in braces, as subjects have
        if base not in ('num', 'd2', 'd3', 'd4', 'd5', 'd6'): s.cache[k] = v
        return v
    def make(s, b, n, k):
        r = s.r; p = s.p[n]; st = s.staff[n]
        if b in ('name','first','last','mr','lf','fl','il','nm','dob','mrn','ssn','ssnlast','mbi','member','phone','email','addr'): PENDING.append(p)
        he = {'m': ('he','his','him','He','His','man','gentleman','Mr.','son','husband','dad'), 'f': ('she','her','her','She','Her','woman','lady','Ms.','daughter','wife','mom')}[p.sex]
        if b == 'name': return s.note('NAME', p.full)
        if b == 'first': return s.note('NAME', p.first)
        if b == 'last': return s.note('NAME', p.last)
        if b == 'mr': return s.note('NAME', (he[7] if p.sex == 'm' or r.random() < .5 else 'Mrs.') + ' ' + p.last)
        if b == 'lf': return s.note('NAME', r.choice(['%s, %s' % (p.last.upper(), p.first.upper()), '%s, %s' % (p.last, p.first), '%s, %s %s' % (p.last.upper(), p.first.upper(), r.choice('ABCDEJLMR'))]))
        if b == 'fl': return s.note('NAME', '%s %s.' % (p.first, p.last[0]))
        if b == 'il': return s.note('NAME', '%s. %s' % (p.first[0], p.last))
        if b == 'nm': return s.note('NAME', r.choice([p.full, p.full, p.full, p.last, p.first + ' ' + p.last, '%s %s' % (he[7], p.last)]))
        if b == 'dob': return s.note('DOB', fmt_date(r, p.born))
        if b == 'mrn': return s.note('MRN', p.mrn)
        if b == 'ssn': return s.note('SSN', p.ssn)
        if b == 'ssnlast': return s.note('SSN4', p.ssn[-4:])
        if b == 'mbi': return s.note('MBI', r.choice([p.mbi, '%s-%s-%s' % (p.mbi[:4], p.mbi[4:7], p.mbi[7:])]))
        if b == 'member': return s.note('MEMBER_ID', p.member)
        if b == 'acct': return s.note('ACCOUNT', r.choice([digits(r, 8), '%s-%s' % (digits(r, 4), digits(r, 6)), 'HAR' + digits(r, 7), 'V' + digits(r, 9)]))
        if b == 'claim': return s.note('CLAIM', r.choice(['CLM' + digits(r, 8), digits(r, 12), '20251%s-%s' % (digits(r, 5), digits(r, 3)), 'E' + digits(r, 10)]))
        if b == 'phone': return s.note('PHONE', p.phone)
        if b == 'email': return s.note('EMAIL', p.email)
        if b == 'addr': return s.note('ADDRESS', p.addr)
        if b == 'age': return str(p.age)
        if b in ('he', 'his', 'him', 'He', 'His', 'man', 'gentleman', 'son', 'husband', 'dad'): return he[('he','his','him','He','His','man','gentleman','Mr.','son','husband','dad').index(b)]
        if b == 'sex': return {'m': r.choice(['male', 'M', 'man']), 'f': r.choice(['female', 'F', 'woman'])}[p.sex]
        if b == 'MF': return p.sex.upper()
        if b == 'dx': return s.h(r.choice(DX))
        if b == 'cdx': return s.h(r.choice(DX_COLL if r.random() < .6 else DX))
        if b == 'sym': return s.h(r.choice(SYM))
        if b == 'drug': return s.h(r.choice(DRUGS) if r.random() < .8 else r.choice(DRUGFILE))
        if b == 'dose': return r.choice(DOSE)
        if b == 'sig': return r.choice(SIG)
        if b == 'proc': return s.h(r.choice(PROC))
        if b == 'lab':
            t, f, u, lo, hi = r.choice(LABS); return s.h('%s%s%s%s' % (t, r.choice([' ', ' ', ' of ', ': ', ' = ']), f % r.uniform(lo, hi), u.replace('%%', '%')))
        if b == 'labname': return s.h(r.choice(LABS)[0])
        if b == 'labrow':
            t, f, u, lo, hi = r.choice(LABS); return s.h('%-14s %8s %-9s %s' % (t, f % r.uniform(lo, hi), u.replace('%%', '%').strip(), r.choice(['', 'H', 'L', 'HH', 'A'])))
        if b == 'resq': return s.h(r.choice(RESQ))
        if b == 'icd': return s.h(r.choice(ICD)[0])
        if b == 'icdt':
            c = r.choice(ICD); return s.h('%s %s' % (c[0], c[1]))
        if b == 'cpt': return s.h(r.choice('99213 99214 99285 45378 29881 70551 77067 93306 36415 80053 97110 90837 J1745 G0438 E0601 43239 66984 27447 59400 96413'.split()))
        if b == 'dept': return r.choice(DEPTS)
        if b == 'ins': return r.choice(INS)
        if b == 'org': return r.choice(ORGS)
        if b == 'dr': return 'Dr. ' + st.last
        if b == 'drf': return 'Dr. ' + st.full
        if b == 'md': return st.full + r.choice([', MD', ', DO', ' MD', ', NP', ', PA-C', ', RN', ', FNP-BC'])
        if b == 'staff': return st.full
        if b == 'sfirst': return st.first
        if b == 'slast': return st.last
        if b == 'semail': return '%s.%s@%s.example' % (slug(st.first), slug(st.last), re.sub('[^a-z]', '', r.choice(ORGS).lower())[:16])
        if b == 'npi': return luhn_npi(r)
        if b == 'dea': return dea(r, st.last)
        if b == 'sphone': return phone(r)
        if b == 'saddr': return address(r)
        if b == 'city': return '%s, %s' % r.choice(CITIES)[:2]
        if b == 'date': return fmt_date(r, day(r))
        if b == 'sdate': d = day(r); return r.choice(['%d/%d' % (d.month, d.day), '%s %d' % (MON[d.month-1], d.day), 'the %dth' % r.choice([4,5,6,7,8,9,10,14,16,18,19,24,26,28]), '%s %d' % (MONTH[d.month-1], d.day)])
        if b == 'day': return r.choice('Monday Tuesday Wednesday Thursday Friday'.split() + ['tomorrow', 'next Tues', 'Thurs', 'next week'])
        if b == 'time': return r.choice(['%d:%02d' % (r.randint(7, 12), r.choice([0, 10, 15, 20, 30, 40, 45, 50])), '%d:%02d%s' % (r.randint(1, 5), r.choice([0, 15, 30, 45]), r.choice([' pm', 'pm', ' PM'])), '%d%s' % (r.randint(8, 11), r.choice(['am', ' a.m.'])), '%02d%02d' % (r.randint(7, 18), r.choice([0, 15, 30, 45]))])
        if b == 'amt': return r.choice(['$%d.%02d', '$%d.%02d', 'USD %d.%02d']) % (r.randint(12, 9400), r.randint(0, 99))
        if b == 'room': return r.choice(['rm %d', 'Room %d', 'bed %d', '4W-%d', 'bay %d']) % r.randint(1, 480)
        if b == 'num': return str(r.randint(2, 98))
        if re.fullmatch('d', b) or b in ('d2', 'd3'): return digits(r, n + 1)
        if b == 'dig': return digits(r, [4, 6, 8][n]) if k[-1].isdigit() else digits(r, 5)
        if b == 'ssnlike': return ssn_raw(r)
        if b == 'lot': return r.choice(LET) + r.choice(LET) + digits(r, 5)
        if b == 'uuid': return '%s-%s-4%s-a%s-%s' % tuple(''.join(r.choice('0123456789abcdef') for _ in range(x)) for x in (8, 4, 3, 3, 12))
        if b == 'hex': return ''.join(r.choice('0123456789abcdef') for _ in range(40))
        if b == 'track': return r.choice(['1Z' + digits(r, 6) + r.choice(LET) + digits(r, 9), '9400 1%s %s %s %s %s' % (digits(r,3), digits(r,4), digits(r,4), digits(r,4), digits(r,2)), digits(r, 12), '7749 %s %s' % (digits(r,4), digits(r,4))])
        if b == 'ip': return '10.%d.%d.%d' % (r.randint(0, 255), r.randint(0, 255), r.randint(1, 254))
        if b == 'co': return r.choice(ORGS)
        if b == 'pet': return r.choice(L('Biscuit; Luna; Mr. Whiskers; Pepper; Duke; Bella; Tank; Sir Barksalot; Noodle; Oreo; Princess; Gus; Ziggy; Maple; Shadow; Cleo; Rocky; Daisy Mae; Peanut; Moose'))
        if b == 'breed': return r.choice(L('labrador; tabby; border collie; parrot; ferret; quarter horse; beagle; Maine Coon; goat; bearded dragon; rabbit; heifer; boxer mix; dachshund; alpaca'))
        raise KeyError(b)
    def fill(s, t):
        t = t.replace('¶', '\n')
        while True:
            u = re.sub(r'\{([^{}]*)\}', lambda m: s.slot(m.group(1)), t)
            if u == t: return u.replace('‹', '{').replace('›', '}')
            t = u

# ---------------------------------------------------------------- roughness
def rough(r, t):
    """Makes a text look hurried: lower case, dropped punctuation, typing slips outside of capitalised words and numbers."""
    k = r.random()
    if k < .22: t = t.lower()
    elif k < .26: t = t.upper()
    if r.random() < .25: t = t.replace("'", '')
    if r.random() < .25: t = re.sub(r'[.!]$', '', t)
    if r.random() < .3:
        def slip(m):
            w = m.group(0)
            if r.random() > .06: return w
            i = r.randrange(1, len(w) - 1)
            return r.choice([w[:i] + w[i+1:], w[:i] + w[i] + w[i:], w[:i] + w[i+1] + w[i] + w[i+2:]])
        t = re.sub(r'\b(?:the|with|please|tomorrow|appointment|patient|again|about|because|there|their|should|would|schedule|received|really|message)\b', slip, t)
    if r.random() < .12: t = t.replace(' and ', ' & ').replace(' with ', ' w/ ')
    return t

# ---------------------------------------------------------------- files
def zipped(files, stored=False):
    b = io.BytesIO()
    with zipfile.ZipFile(b, 'w', zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as z:
        for n, d in files:
            zi = zipfile.ZipInfo(n, (2025, 3, 4, 10, 11, 12)); zi.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            z.writestr(zi, d if isinstance(d, bytes) else d.encode())
    return b.getvalue()
def x(s): return str(s).replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
def col(i): return chr(65 + i) if i < 26 else chr(64 + i // 26) + chr(65 + i % 26)
def xlsx(sheets, shared=True, hidden=()):
    """A real workbook; `sheets` is [(name, rows)]."""
    names, idx = [], {}
    def cell(ref, v):
        if isinstance(v, (int, float)): return '<c r="%s"><v>%s</v></c>' % (ref, v)
        if shared:
            if v not in idx: idx[v] = len(names); names.append(v)
            return '<c r="%s" t="s"><v>%d</v></c>' % (ref, idx[v])
        return '<c r="%s" t="inlineStr"><is><t>%s</t></is></c>' % (ref, x(v))
    out = []
    for n, rows in sheets:
        out.append('<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>' +
            ''.join('<row r="%d">%s</row>' % (i + 1, ''.join(cell(col(j) + str(i + 1), v) for j, v in enumerate(row) if v != '')) for i, row in enumerate(rows)) + '</sheetData></worksheet>')
    f = [('[Content_Types].xml', '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>' +
            ''.join('<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>' % (i + 1) for i in range(len(sheets))) + ('<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>' if shared else '') + '</Types>'),
         ('_rels/.rels', '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'),
         ('xl/workbook.xml', '<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>' +
            ''.join('<sheet name="%s" sheetId="%d" %sr:id="rId%d"/>' % (x(n), i + 1, 'state="hidden" ' if n in hidden else '', i + 1) for i, (n, _) in enumerate(sheets)) + '</sheets></workbook>'),
         ('xl/_rels/workbook.xml.rels', '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">' +
            ''.join('<Relationship Id="rId%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet%d.xml"/>' % (i + 1, i + 1) for i in range(len(sheets))) +
            ('<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/>' if shared else '') + '</Relationships>')]
    f += [('xl/worksheets/sheet%d.xml' % (i + 1), d) for i, d in enumerate(out)]
    if shared: f.append(('xl/sharedStrings.xml', '<?xml version="1.0" encoding="UTF-8"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="%d" uniqueCount="%d">%s</sst>' % (len(names), len(names), ''.join('<si><t>%s</t></si>' % x(v) for v in names))))
    return zipped(f)
def docx(paras, table=None, header=None, comment=None, split=None, r=random):
    W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    def run(t): return '<w:r><w:t xml:space="preserve">%s</w:t></w:r>' % x(t)
    def para(t):
        if split and len(t) > 8:
            k = sorted(r.sample(range(1, len(t)), min(4, len(t) - 1))); return '<w:p>%s</w:p>' % ''.join(run(t[a:b]) for a, b in zip([0] + k, k + [len(t)]))
        return '<w:p>%s</w:p>' % run(t)
    body = ''.join(para(p) for p in paras)
    if table: body += '<w:tbl>%s</w:tbl>' % ''.join('<w:tr>%s</w:tr>' % ''.join('<w:tc>%s</w:tc>' % para(str(c)) for c in row) for row in table)
    f = [('[Content_Types].xml', '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'),
         ('_rels/.rels', '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'),
         ('word/document.xml', '<?xml version="1.0" encoding="UTF-8"?><w:document %s><w:body>%s</w:body></w:document>' % (W, body))]
    if header: f.append(('word/header1.xml', '<?xml version="1.0" encoding="UTF-8"?><w:hdr %s>%s</w:hdr>' % (W, para(header))))
    if comment: f.append(('word/comments.xml', '<?xml version="1.0" encoding="UTF-8"?><w:comments %s><w:comment w:id="0">%s</w:comment></w:comments>' % (W, para(comment))))
    return zipped(f)
def pdf(lines, compress=True, mode=0, title=None):
    """A real one-font PDF. mode 0: one Tj per line; 1: TJ with kerning; 2: hex strings; 3: T* and quote operator; pages of 46 lines."""
    def enc(s): return s.encode('cp1252', 'replace')
    def lit(b): return b'(' + b.replace(b'\\', b'\\\\').replace(b'(', b'\\(').replace(b')', b'\\)') + b')'
    pages = [lines[i:i+46] for i in range(0, len(lines), 46)] or [[]]
    objs = [None, None, b'<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>']; kids = []
    for pg in pages:
        c = b'BT /F1 10 Tf 14 TL 56 740 Td\n'
        for l in pg:
            b = enc(l)
            if mode == 1:
                ps = [b[i:i+4] for i in range(0, len(b), 4)]
                c += b'[' + b' -12 '.join(lit(p) for p in ps) + b'] TJ T*\n'
            elif mode == 2: c += b'<' + binascii.hexlify(b) + b'> Tj T*\n'
            elif mode == 3: c += lit(b) + b" '\n"
            else: c += lit(b) + b' Tj 0 -14 Td\n'
        c += b'ET'
        if compress: z = zlib.compress(c); st = b'<</Length %d/Filter/FlateDecode>>stream\n' % len(z) + z + b'\nendstream'
        else: st = b'<</Length %d>>stream\n' % len(c) + c + b'\nendstream'
        objs.append(st); cid = len(objs)
        objs.append(b'<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>' % cid); kids.append(b'%d 0 R' % len(objs))
    objs[0] = b'<</Type/Catalog/Pages 2 0 R>>'; objs[1] = b'<</Type/Pages/Count %d/Kids[%s]>>' % (len(kids), b' '.join(kids))
    info = b''
    if title: objs.append(b'<</Title %s/Producer(formset 2)>>' % lit(enc(title))); info = b'/Info %d 0 R' % len(objs)
    o = b'%PDF-1.4\n%\xe2\xe3\xcf\xd3\n'; offs = []
    for i, ob in enumerate(objs): offs.append(len(o)); o += b'%d 0 obj\n' % (i + 1) + ob + b'\nendobj\n'
    xr = len(o); o += b'xref\n0 %d\n0000000000 65535 f \n' % (len(objs) + 1) + b''.join(b'%010d 00000 n \n' % q for q in offs)
    return o + b'trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n' % (len(objs) + 1, info, xr)
def rtf(text): return ('{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0\\fs22 ' + ''.join(c if 31 < ord(c) < 127 and c not in '\\{}' else '\\par\n' if c == '\n' else '\\' + c if c in '\\{}' else '\\u%d?' % ord(c) for c in text) + '}').encode()

# ---------------------------------------------------------------- mail
def ew(s, r=None, cs='utf-8', q=None):
    if q is None: q = bool(r and r.random() < .5)
    def one(t):
        b = t.encode(cs, 'replace')
        if q: return '=?%s?Q?%s?=' % (cs, ''.join(chr(c) if chr(c).isalnum() and c < 128 else '_' if c == 32 else '=%02X' % c for c in b))
        return '=?%s?B?%s?=' % (cs, base64.b64encode(b).decode())
    return '\r\n '.join(one(s[i:i+18 if q else 30]) for i in range(0, len(s), 18 if q else 30))
def hdr(s): return s if all(31 < ord(c) < 127 for c in s) else ew(s)
def mailbox(p, dom):
    n = p.full
    if all(c.isalnum() or c in " -'" for c in n) and n.isascii(): n = n
    elif n.isascii(): n = '"%s"' % n
    else: n = ew(n)
    return '%s <%s%s@%s>' % (n, slug(p.first)[0], slug(p.last), dom)
def orgdom(o): return re.sub('[^a-z]', '', o.lower())[:18] + '.example'
def b64(b, w=76): s = base64.b64encode(b).decode(); return '\r\n'.join(s[i:i+w] for i in range(0, len(s), w))
def qp(t, cs): return quopri.encodestring(t.replace('\r\n', '\n').encode(cs, 'replace')).decode().replace('\n', '\r\n')

CLIENTS = {
 'outlook': ('X-Mailer: Microsoft Outlook 16.0', 'html'), 'exchange': ('X-MS-Has-Attach:\r\nX-Originating-IP: [203.0.113.14]', 'html'), 'gmail': ('', 'html'), 'apple': ('X-Mailer: Apple Mail (2.3774.600.62)', 'text'),
 'iphone': ('X-Mailer: iPhone Mail (21E236)', 'text'), 'thunderbird': ('User-Agent: Mozilla Thunderbird', 'flowed'), 'zimbra': ('X-Mailer: Zimbra 9.0.0_GA', 'html'), 'roundcube': ('User-Agent: Roundcube Webmail/1.6.5', 'text'),
 'mutt': ('User-Agent: Mutt/2.2.9', 'text'), 'yahoo': ('X-Mailer: WebService/1.1.22', 'html'), 'groupwise': ('X-Mailer: Novell GroupWise 18.4', 'text'), 'notes': ('X-Mailer: HCL Notes Release 11.0', 'text'),
 'ehr': ('X-Application: ChartLink Notify 4.2', 'text'), 'none': ('', 'text'), 'bulk': ('List-Unsubscribe: <https://news.example/u/1>\r\nPrecedence: bulk', 'html')}
def sig(r, who, org, client):
    k = r.random()
    ph = phone(r); t = r.choice(TITLES)
    if k < .12: return ''
    if k < .24: return who.first
    if k < .32: return r.choice(['Thanks,', 'Best,', 'Cheers', 'Regards,', 'Thx', 'Sincerely,', 'Many thanks', 'V/r,', 'Warmly,']) + '\n' + who.first
    if k < .42: return r.choice(['Sent from my iPhone', 'Get Outlook for iOS', 'Sent from my mobile, excuse typos'])
    if k < .58: return '-- \n%s\n%s | %s\n%s' % (who.full, t, org, ph)
    if k < .72: return 'Regards,\n\n%s, %s\n%s\n%s\nT %s  F %s' % (who.full, t, org, address(r), ph, phone(r))
    if k < .84: return '%s\n%s\n%s\n[cid:logo] %s\nE: %s@%s' % (who.full, t, org, ph, slug(who.last), orgdom(org))
    return '--\n%s | %s\n%s' % (who.full, org, r.choice(['we care for your health', 'www.%s' % orgdom(org), 'NPI ' + luhn_npi(r), 'Mon-Fri 8-5', ph]))
NEUTRAL = L("""Did you get my voicemail?; Sure, will do.; Can you look at this today?; Following up on the below.; Got it, thanks!; Let's talk after lunch.; Adding Kim for visibility.; Any update?; Thanks for the quick turnaround.; See my note in the ticket.; I'll be out Friday.; Please advise.; Sounds good to me.; Looping in the team.; The link did not open for me.""")
def quoted(r, frm, text, client):
    d = day(r, 2025, 2026)
    lines = text.split('\n')
    if client in ('outlook', 'exchange', 'zimbra', 'notes'):
        return '%s\nFrom: %s\nSent: %s, %s %d, %d %d:%02d %s\nTo: %s\nSubject: RE: follow up\n\n%s' % (r.choice(['-----Original Message-----', '________________________________']), frm, d.strftime('%A'), MONTH[d.month-1], d.day, d.year, r.randint(1, 12), r.randint(0, 59), r.choice(['AM', 'PM']), Person(r).full, text)
    if client == 'groupwise': return '>>> %s %s %d:%02d >>>\n%s' % (frm, d.strftime('%m/%d/%y'), r.randint(7, 17), r.randint(0, 59), text)
    return 'On %s, %s %d, %d at %d:%02d %s <%s@mail.example> wrote:\n%s' % (d.strftime('%a'), MON[d.month-1], d.day, d.year, r.randint(7, 23), r.randint(0, 59), frm, 'x' + digits(r, 3), '\n'.join('> ' + l for l in lines))
def to_html(r, t, style):
    ps = t.split('\n\n')
    e = lambda s: x(s).replace('\n', '<br>\r\n')
    if style == 'outlook':
        return '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><style><!-- p.MsoNormal {margin:0in;font-size:11.0pt;font-family:"Calibri",sans-serif;} --></style></head><body lang="EN-US"><div class="WordSection1">\r\n' + '\r\n'.join('<p class="MsoNormal">%s<o:p></o:p></p>' % e(p) for p in ps) + '\r\n</div></body></html>'
    if style == 'gmail': return '<div dir="ltr">' + '<br><br>\r\n'.join('<div>%s</div>' % e(p) for p in ps) + '</div>'
    if style == 'table': return '<!DOCTYPE html><html><body style="margin:0;background:#f4f4f4"><table width="600" align="center"><tr><td style="font-family:Arial;padding:24px">' + '</td></tr>\r\n<tr><td style="padding:24px">'.join(e(p) for p in ps) + '</td></tr></table><img src="https://t.example/o.gif" width="1" height="1"></body></html>'
    return '<html><body>' + '\r\n'.join('<p>%s</p>' % e(p) for p in ps) + '</body></html>'

class Mail:
    """One mail in the making; `bytes()` writes it as the chosen client would."""
    def __init__(s, r, subject, body, attach=(), to=None, cc=None, frm=None, client=None, bare=None, html=None, signed=True, history=None, extra=(), org=None):
        s.r = r; s.subject = subject; s.body = body; s.attach = list(attach); s.html = html; s.extra = list(extra)
        s.client = client or r.choices(list(CLIENTS), [18, 10, 16, 8, 8, 8, 4, 5, 2, 4, 2, 2, 1, 8, 0])[0]
        s.org = org or r.choice(ORGS); s.sender = Person(r); s.frm = frm or mailbox(s.sender, orgdom(s.org)); s.to = to or [mailbox(Person(r), orgdom(r.choice(ORGS)))]; s.cc = cc
        if signed:
            g = sig(r, s.sender, s.org, s.client)
            if g: s.body += '\n\n' + g
            if r.random() < .33: s.body += '\n\n' + r.choice(DISCL)
        if history: s.body += '\n\n' + quoted(r, Person(r).full, history, s.client)
    def part(s, ct, text, cte=None, cs=None):
        r = s.r
        try: text.encode('ascii'); asc = True
        except UnicodeEncodeError: asc = False
        if not cs:
            cs = 'utf-8'
            if asc and r.random() < .3: cs = 'us-ascii'
            elif r.random() < .25:
                for c in r.sample(['iso-8859-1', 'windows-1252', 'iso-8859-15'], 1):
                    try: text.encode(c); cs = c
                    except UnicodeEncodeError: pass
        text = text.replace('\r\n', '\n').replace('\n', '\r\n')
        longl = max(map(len, text.split('\r\n'))) > 900
        cte = cte or r.choices(['7bit' if asc and not longl else 'quoted-printable', 'quoted-printable', 'base64', '8bit' if not longl else 'base64'], [5, 5, 3, 3])[0]
        fl = '; format=flowed' if s.client == 'thunderbird' and ct == 'text/plain' and r.random() < .6 else ''
        h = 'Content-Type: %s; charset=%s%s\r\nContent-Transfer-Encoding: %s' % (ct, r.choice(['"%s"', '%s', '"%s"' if 1 else '']) % r.choice([cs, cs.upper() if cs != 'utf-8' else 'UTF-8', cs]), fl, cte)
        if cte == 'base64': b = b64(text.encode(cs)).encode() + b'\r\n'
        elif cte == 'quoted-printable': b = qp(text, cs).encode() + b'\r\n'
        else: b = text.encode(cs) + b'\r\n'
        return h, b
    def boundary(s):
        r = s.r; c = s.client
        if c in ('outlook', 'exchange'): return '----=_NextPart_000_%04X_01D%s.%s' % (r.randint(0, 65535), ''.join(r.choice('0123456789ABCDEF') for _ in range(5)), ''.join(r.choice('0123456789ABCDEF') for _ in range(8)))
        if c == 'gmail': return '000000000000' + ''.join(r.choice('0123456789abcdef') for _ in range(16))
        if c in ('apple', 'iphone'): return 'Apple-Mail=_' + '%s-%s' % (digits(r, 8), digits(r, 4))
        if c == 'thunderbird': return '------------' + ''.join(r.choice('abcdefghijkABCDEFGH0123456789') for _ in range(24))
        return '===============' + digits(r, 19) + '=='
    def multi(s, kind, parts):
        b = s.boundary()
        body = b''
        if s.r.random() < .3: body += b'This is a multi-part message in MIME format.\r\n'
        for h, c in parts: body += b'--' + b.encode() + b'\r\n' + h.encode() + b'\r\n\r\n' + c.rstrip(b'\r\n') + b'\r\n'
        return 'Content-Type: multipart/%s;\r\n boundary="%s"' % (kind, b), body + b'--' + b.encode() + b'--\r\n'
    def bytes(s):
        r = s.r
        style = CLIENTS[s.client][1]
        if s.html is not None: h, b = s.multi('alternative', [s.part('text/plain', s.body), s.part('text/html', s.html)]) if s.body else s.part('text/html', s.html)
        elif style == 'html' and r.random() < .75:
            st = {'outlook': 'outlook', 'exchange': 'outlook', 'gmail': 'gmail', 'bulk': 'table'}.get(s.client, '')
            hp = s.part('text/html', to_html(r, s.body, st))
            h, b = hp if r.random() < .15 else s.multi('alternative', [s.part('text/plain', s.body), hp])
        else: h, b = s.part('text/plain', s.body)
        if s.attach:
            ps = [(h, b)]
            for name, ct, data in s.attach:
                if ct == 'message/rfc822': ps.append(('Content-Type: message/rfc822' + ('; name="%s"' % name if name else '') + '\r\nContent-Disposition: attachment', data)); continue
                nm = hdr(name)
                ps.append(('Content-Type: %s%s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="%s"' % (ct, '; name="%s"' % nm if r.random() < .5 else '', nm), b64(data).encode()))
            h, b = s.multi('mixed', ps)
        d = datetime.datetime(2025, 1, 1, 7) + datetime.timedelta(minutes=r.randint(0, 500000))
        hs = ['From: ' + s.frm, 'To: ' + ',\r\n '.join(s.to)]
        if s.cc: hs.append('Cc: ' + ',\r\n '.join(s.cc))
        hs += ['Subject: ' + hdr(s.subject), 'Date: ' + d.strftime('%a, %d %b %Y %H:%M:%S ') + r.choice(['-0500', '-0600', '-0700', '+0000', '-0800']), 'Message-ID: <%s@%s>' % (''.join(r.choice('0123456789abcdef') for _ in range(r.choice([16, 24, 32]))), orgdom(s.org)), 'MIME-Version: 1.0']
        if CLIENTS[s.client][0]: hs.append(CLIENTS[s.client][0])
        hs += s.extra
        if r.random() < .3: hs[0], hs[-1] = hs[-1], hs[0]
        return ('\r\n'.join(hs + [h]) + '\r\n\r\n').encode() + b

class Out:
    """Writes eml/ and labels.jsonl."""
    def __init__(s, d): s.d = d; os.makedirs(d + '/eml', exist_ok=True); s.rows = []; [os.remove(d + '/eml/' + f) for f in os.listdir(d + '/eml')]
    def add(s, raw, label, category, sub=None, ids=(), health=(), where=(), ambiguous=False, prefix='m'):
        if label == 'phi': PATIENTS.update((id(p), p) for p in PENDING)
        PENDING.clear()
        f = 'eml/%s%05d.eml' % (prefix, len(s.rows)); open(s.d + '/' + f, 'wb').write(raw)
        row = dict(file=f, label=label, category=category, sub=sub, identifiers=list(ids) if label == 'phi' else [], health=list(health) if label == 'phi' else [], where=list(where) if label == 'phi' else [])
        if ambiguous: row['ambiguous'] = True
        s.rows.append(row)
    def close(s, decoys=0):
        """Labels, and with `decoys` a patients.csv for exact data match: the corpus's patients among others."""
        if decoys:
            q = random.Random(99); ps = list(PATIENTS.values()) + [Person(q) for _ in range(decoys)]; q.shuffle(ps)
            import csv
            with open(s.d + '/patients.csv', 'w', newline='') as f:
                w = csv.writer(f); w.writerow('mrn first last dob ssn mbi member_id phone email address'.split())
                for p in ps: w.writerow([p.mrn, p.first, p.last, p.born.isoformat(), p.ssn, p.mbi, p.member, p.phone, p.email, p.addr])
        with open(s.d + '/labels.jsonl', 'w') as f:
            for row in s.rows: f.write(json.dumps(row, ensure_ascii=False) + '\n')
def lines(s):
    """Template sections: `%%` on its own line separates multi-line templates, otherwise one template a line; `Subject || body`."""
    if '\n%%' in s: return [t.strip('\n') for t in s.split('\n%%') if t.strip()]
    return [l.strip() for l in s.strip().split('\n') if l.strip()]
