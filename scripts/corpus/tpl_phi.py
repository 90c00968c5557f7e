"""Development templates with a patient in them. One a line: `Subject || body`, ¶ is a line end."""
T = {}
T['clinical_note'] = r"""
{Progress note|note|re visit|Clinic note {sdate}} || {name}, {dob}. Seen today for {sym}. Exam: {lungs clear, no wheeze|abdomen soft|unsteady gait|2+ pitting edema to the knees}. A/P: {dx}, start {drug} {dose} {sig}. RTC 4 wks.
{H&P|admit note|fyi} || CC: {sym}¶HPI: {name} is a {age} y/o {sex} with PMH of {dx} and {dx2} who presents with {sym} x {num} days. Denies {sym2}.¶Meds: {drug} {dose} {sig}, {drug2} {dose2}¶PE: T 100.9 HR 112 BP 98/60¶Assessment: {dx3}. Admit to {dept}.
{sign out|Handoff|night sign-out} || {room} {last}: {age}{M|F}, {dx}, on {drug}. Overnight: check {labname} at 0400, call me if he spikes.¶{room2} {last2}: s/p {proc}, pain controlled.
{|addendum|chart correction} || Addendum to note of {date} on {lf} (MRN {mrn}): the patient also reports {sym}. I have added {drug} {dose}.
{consult|Quick consult answer} || Thanks for asking me to see {mr}. In short, this is {dx} until proven otherwise. I'd hold the {drug} and get a{n|} {proc}. {dr}
{Discharge summary|DC summary draft} || DISCHARGE SUMMARY¶Name: {lf}¶DOB: {dob}   MRN: {mrn}¶Admitted: {date}  Discharged: {date2}¶¶Principal diagnosis: {dx}¶Secondary: {dx2}; {dx3}¶Hospital course: The patient was admitted through the ED with {sym}. {He} underwent {proc} without complication and was started on {drug}. At discharge {he} was tolerating a regular diet.¶Discharge meds: {drug} {dose} {sig}; {drug2} {dose2} {sig}¶Follow up: {dr} in 2 weeks.
{SOAP|visit summary} || S: {name} says "{it hurts worse at night|I can't catch my breath|the pills make me sick}"¶O: wt 184, BP 142/88, {lab}¶A: {dx}, uncontrolled¶P: increase {drug} to {dose}, recheck in 6 wk
{op note|Operative report} || Operative note — {name}, {age} yo. Preop dx: {dx}. Procedure: {proc}. EBL 50 ml. Surgeon: {drf}. Findings as expected, to PACU in stable condition.
{therapy session|session note} || Met with {first} {last} for 50 min. Mood low, {passive SI, no plan|no SI/HI|still drinking nightly}. Continue {drug}. Next session {day}.
{ED visit|from the ER last night} || Just so you know, your patient {name} came through the ER at 2 am with {sym}. We gave {drug} and sent {him} home. Needs a{n|} {proc} this week.
{home health|HH visit report} || Visit to {name}, {addr}. Wound to left heel 3x2 cm, yellow slough, periwound macerated. {He} is not taking {his} {drug}. BS {num}0 fasting.
{bedside|bed 4 update} || The {gentleman|man|lady} in bed {num} ({il}, {age}) pulled out the NG again. {Sitter ordered.|Psych is coming at noon.} Still on {drug} drip for {dx}.
{PT eval|therapy eval} || PT EVALUATION - {lf} - onset {date}. Dx {icdt}. Patient ambulates 40 ft with FWW, min assist x1. Goals: independent transfers in 3 wks.
{peds|well child} || {first} {last} ({dob}), here with {mom|dad|grandmother}. 15th percentile for weight, {sym}. Shots given: MMR, varicella. Referred for {proc}.
{prenatal|OB note} || {name} G3P1 at {num}w2d, BP 148/94, 2+ protein. Concern for preeclampsia. Sent to L&D triage. Baby's heart rate 140s.
{hospice|Comfort care} || We admitted {mr} to hospice yesterday, {dx}, prognosis days to weeks. Roxanol 5 mg q2h prn. Wife {sfirst} is at bedside; phone {phone}.
{dental|tooth 19} || {name} — #19 fractured below gumline, periapical lucency. On {drug}, so we need a note from the PCP before extraction.
{anesthesia|pre-op call} || Preop call done: {nm}, {proc} {day}. Last took {drug} on {sdate}. Hx difficult airway. NPO instructions given.
{transcription|Dictation #{dig2}} || Dictated but not read. RE: {name}. Dear {dr}: I saw your patient in clinic on {date}. As you know {he} is a pleasant {age}-year-old with long-standing {dx}. On examination today there was {sym}. My impression is {dx2}. I have recommended {proc} and will see {him} again in three months.
{rounding|rounds} || Rounds {sdate}:¶- {last} - POD2 {proc}, JP drain 40cc, advance diet¶- {last2} - {dx}, cont {drug}¶- {last3} - {lab}, nephro aware
{nutrition|diet consult} || {name}, BMI 41, {dx}. Food diary reviewed; {he} eats once a day and binges at night. {lab}.
{school nurse|health plan} || Please update the health plan for {name} (gr. 4): {dx}, carries rescue {drug}, call mom at {phone} if {sym}.
{code note|rapid response} || Rapid response {room}, pt {last}, MRN {mrn}: unresponsive, glucose 31, D50 given x1, back to baseline by 0314.
{autopsy|ME referral} || Decedent {name}, DOB {dob}. Hx of {dx} and heroin use. Tox: fentanyl 18 ng/mL. Family notified.
{|fwd} || {He} is doing better. {name} was extubated this morning, lactate 1.4, off pressors. Will wean sedation and try PO tomorrow.
{ambulance run|PCR narrative} || Medic 7 dispatched to {addr} for {age} {sex}, {sym}. Pt {name} found supine, GCS 9, last known well 0630. Transported emergent to {org}.
"""
T['referral'] = r"""
{Referral|New referral|referral for {last}} || Please see {name} (DOB {dob}, {phone}) for evaluation of {sym}. Hx {dx}. Records to follow. Insurance is {ins}.
{consult request|2nd opinion} || Could {dr} work in {mr} this week? {He} has {dx} and the {drug} isn't holding {him}.
{referral order|auth needed} || REFERRAL ORDER¶Patient: {lf}¶DOB: {dob}¶Phone: {phone}¶Refer to: {dept}¶Dx: {icdt}¶Reason: {sym}¶Referring: {md}, NPI {npi}
{question|would you take} || Would you be willing to take on a new patient? {name}, {age}, {dx}, moved here from {city}. {His} old cardiologist retired.
{Fwd: consult|tx} || I'm sending {name} over to you. The {proc} was equivocal and {he} keeps having {sym}.
{transfer request|bed request} || Requesting transfer of {name}, {age}{M|F}, from our ED: {dx}, needs {proc} which we don't do. Accepting doc? Sending facility {org}.
{Intake|PT referral} || Eval and treat, 2x/wk x 6 wks: {name}, {dob}, s/p {proc}. Precautions: NWB left. Thanks — {dr}
{derm photo|Mole} || Attached is the lesion on {nm}'s back. Growing since spring. Can you biopsy before {sdate}?
{Behavioral health referral|counseling} || {mom|teacher|PCP} is worried about {name}, 15, {cutting herself|not eating|hearing voices}. Can intake call {phone} after 4?
{|home health order} || Start of care for {name} at {addr}: skilled nursing for {dx}, weekly {labname}, med teaching on {drug}.
{hospice referral|palliative} || {mr} has decided against more chemo. Please do an informational visit; {his} {daughter|son}'s number is {phone}.
{ophtho|eye referral} || Diabetic eye exam overdue x 3 yrs, last A1c 11.2 — {name}, {dob}. Any slots?
{ENT|ears} || {first} {last} has failed two rounds of {drug}; tubes? Mom is {sfirst}, cell {phone}.
{GI|scope please} || {il} ({mrn}) - heme positive stool, Hgb 9.1, dad had colon ca at 44. Needs a scope soon.
{genetic counseling|BRCA} || Referring {name} for genetic counseling: {mother and aunt with breast cancer before 45|two miscarriages, parental karyotypes pending}. Contact {email}.
{DME|wheelchair eval} || {name} needs a power chair eval, {dx}. Medicare {mbi}. Face to face done {date}.
{re: {last}|your note} || Thank you for the kind referral of {name}, whom I saw on {date}. I agree this is probably {dx}, and I have ordered {proc}.
{records|chart on its way} || Faxing the chart of {name} dob {dob} to your office now, {num} pages, incl. the {proc} report and {dept} notes.
{rheum wait list|wait} || Is there any way to move {mrn} up the list? Hands are so swollen from {dx} she can't work. Patient's cell {phone}.
{nephrology|Creat up} || {lf}: {lab}, was normal last yr. On {drug}. Please advise or see.
{sleep|CPAP} || Snores, Epworth 17, neck 18in. {name}, {ins} id {member}. Home sleep test ok?
{autism eval|ECI referral} || {name} ({dob}), not talking at 26 months, lines up toys, no eye contact. Family speaks Somali at home. Tel {phone}.
{surgery|gallbladder} || US shows stones and wall thickening in {mr}. {He}'d like it out before school starts. Can {dr} see {him}?
{|pain mgmt} || Please accept {name} for pain management. {num} mg morphine equivalents daily for {dx}. PDMP checked.
"""
T['lab_results'] = r"""
{lab|result|FYI|Labs back} || {name}: {lab}, {lab2}. {Recheck in 2 weeks.|Please call patient.|Repeat stat.}
{critical value|CRITICAL} || Critical called to {md} at {time}: {lab} on {lf}, MRN {mrn}. Read back.
{path report|pathology} || SURGICAL PATHOLOGY¶Patient: {lf}   DOB {dob}¶Specimen: {left breast core|colon polyp, 30 cm|shave, right cheek|prostate x12}¶Diagnosis: {invasive ductal carcinoma, grade 2|tubular adenoma|basal cell carcinoma, margins involved|Gleason 4+3}¶Electronically signed {md}
{results|your labs} || Hi {first}, your results came in. {lab} which is {high|low|better than last time}. {dr} would like you to {start|stop|increase} the {drug}. Any questions call us.
{micro|cx} || {resq} — {name}, {room}.
{imaging|MRI read} || IMPRESSION for {name} ({mrn}): 1. {L4-5 disc extrusion with severe canal stenosis|9 mm spiculated nodule RUL|Acute appendicitis without perforation|No acute intracranial hemorrhage}. 2. Incidental {renal cyst|thyroid nodule}. Called to {dr}.
{FW: lab|outside labs} || {lf} {dob}¶{labrow}¶{labrow2}¶{labrow3}¶¶Comments: hemolyzed
{|pt asking} || {mr} is asking about {his} {labname}. It was {lab}. ok to release?
{STI|confidential result} || Please contact {name} at {phone}: {resq}. Partner treatment offered, health dept notified.
{genetics|NIPT} || NIPT on {name}: high risk trisomy 21, fetal fraction 9%. Genetic counselor to call today.
{tox|UDS} || UDS on {il} positive for {fentanyl and benzos|cocaine|THC}, neg for buprenorphine. Discuss at group?
{INR|coumadin clinic} || {last}, {first} INR {3.9|1.4|5.2} today on {drug} 5/7.5. Hold x1, recheck Mon.
{newborn screen|NBS} || Out of range newborn screen: baby {boy|girl} {last}, mother {name2}, TSH 48. Repeat within 48h.
{echo|cardio results} || Echo for {nm}: EF {25|35|60}%, moderate MR. Change {drug} to {drug2}.
{cytology|pap} || {name}, {age}: ASC-US, HPV 16 positive. Colpo in 4-6 wks please.
{re: blood work|blood work} || mom called for {name}'s blood work. its {lab}. tell her to keep giving iron
{TB|QFT} || {name}, {dob} QuantiFERON positive 2.31, CXR clear. Start {isoniazid|rifampin} after LFTs.
{mammo|BI-RADS} || Recall letter to go out: {name}, {addr}. Left breast asymmetry, BI-RADS 0, diagnostic views + US.
{drug level|levels} || Pt {mrn} {lab}. Dose due at {time}.
{portal message|New test result} || {name}, a new test result is available: {labname} collected {date}. Value outside reference range.
{ekg|tele} || {last} in {room}: 14 beat run of VT at 0322, K 2.9, Mg 1.4. Repleting.
{Lab corr|corrected report} || CORRECTED REPORT. Accession {dig2}-{dig}. Patient {lf}. Previously reported {lab}; corrected value {lab2}.
{semen|fertility} || {name} & {name2}: AMH 0.4, count 3 million, motility 12%. Recommend ICSI.
{biopsy|bx} || Benign! Please tell {mr} the {proc} result was fine, nothing but fibrosis.
{stool|GI pcr} || Norovirus and {C. diff|Giardia} both detected in {nm}, contact precautions {room}.
"""
T['prescription'] = r"""
{refill|Rx|refill request|med question} || {name}, {dob}, needs {drug} {dose} {sig}, #{30|60|90}, {num} refills. Pharmacy: {Walbrook on 5th|Fernwood|mail order}.
{Rx|verbal order} || Verbal order {dr}: {drug} {dose} {sig} for {lf}, MRN {mrn}.
{out of meds|urgent refill} || {mr} ran out of {drug} over the weekend. Bridge script?
{PA for drug|prior auth rx} || {ins} won't cover {drug} for {name} (ID {member}). Tried and failed {drug2}. Can you fill in the form?
{allergy|stop!} || Please do not fill the {drug} for {name}: anaphylaxis in {2019|2021}. DOB {dob}.
{eRx failed|escript error} || E-prescription did not transmit:¶Patient: {name}¶Address: {addr}¶Drug: {drug} {dose}¶Sig: {sig}¶Qty: {num}¶Prescriber: {md} DEA {dea}
{early refill|too soon} || {nm} wants the {oxycodone|Adderall|alprazolam|methadone} early again, says it fell in the sink. Last fill {sdate}.
{question from pharmacy|dose check} || Is {drug} {dose} right for {first} {last}? Weight is 14 kg.
{interaction|DDI} || {name} is on {drug} from you and {drug2} from cardiology. Big interaction. Change?
{switch|formulary} || Switch {il} from {drug} to {drug2} {dose}, insurance changed to {ins}. {phone} if {he} asks.
{med list|Med rec} || Medication list - {name}¶1. {drug} {dose} {sig}¶2. {drug2} {dose2} {sig2}¶3. {drug3} {dose3} prn¶Allergies: {penicillin|sulfa|latex|codeine}
{pick up|ready} || Hello {name}, your prescription for {drug} is ready at {org}. Rx # {dig3}. Copay {amt}.
{|re script} || can you send {first} {last}'s {drug} to the {Elm St|airport rd} pharmacy instead, she's out tonight
{insulin|pump supplies} || {name} ({mbi}) needs {test strips|pump reservoirs|CGM sensors} x90 days, dx {icd}, testing 4x/day.
{vaccines|shot record} || Shot record for {name} {dob}: Tdap {date}, HPV #2 {date2}, flu declined.
{compounded|compound rx} || Compounded {progesterone|ketamine cream|naltrexone 1.5 mg} for {name}, ship to {addr}.
{chemo orders|cycle} || {lf} cycle {num} of {FOLFOX|AC-T|R-CHOP}: ANC 0.9, hold one week, give filgrastim.
{suboxone|MAT} || {fl}, {dob} due for {Suboxone|Vivitrol|Sublocade} {sdate}. UDS clean. ok to give?
{mail order|90 day} || 90 day supply for {name}, member {member}: {drug} {dose}, {drug2} {dose2}. Tracking to {email}.
{birth control|OCP} || {name} wants to go from {the patch|Depo} to {an IUD|Nexplanon|the ring}. Last period {sdate}. Order one?
{antibiotic|abx} || Call in {amoxicillin|Augmentin|cefdinir} for {mr}'s {son|girl}, ear infection, 40 lbs. CVS {phone}.
{warfarin|dose change} || New dose for {nm}: {drug} {dose} MWF, {dose2} other days. INR in a week.
{denied|rejected claim} || Reject 75 on {drug} {dose}. {name}, BIN 610{dig}, ID {member}, DOB {dob}.
{psych meds|taper} || Plan for {first} {last}: taper {drug} by 25% a week, start {drug2}. Watch for {sym}.
{controlled|PMP} || PDMP hit on {lf} ({dob}): 5 prescribers, {hydrocodone|alprazolam} #240 in 60 d.
"""
T['billing_eob'] = r"""
{statement|Balance due|your bill} || Dear {name}, our records show a balance of {amt} for your {proc} on {date}. Account {acct}. Please pay by {sdate}.
{denial|claim denied|CO-50} || Claim {claim} for {lf} denied, CO-50 not medically necessary. CPT {cpt}, dx {icd}. Appeal by {sdate}.
{EOB|Explanation of benefits} || EXPLANATION OF BENEFITS — THIS IS NOT A BILL¶Member: {name}  ID: {member}¶Provider: {org}¶Service: {proc}  {date}¶Billed {amt}  Allowed {amt2}  You owe {amt3}
{coding q|coder question} || {name} {date}: documentation supports {cpt} not {cpt2}. Dx {icdt}. Please addend.
{collections|Past due} || Account {acct} ({name}, {addr}) is 120 days past due: ER visit {date}, {amt}. Send to collections?
{payment plan|pt pmt} || {mr} can pay {amt} a month on the {proc} bill. set up?
{refund|Credit balance} || Refund {amt} to {name}; {ins} paid twice for the {cpt} on {date}. Check to {addr}.
{self pay|estimate} || Good faith estimate for {name} (DOB {dob}): {proc}, code {cpt}, diagnosis {icd}, total {amt}.
{charity care|FA application} || Financial assistance: {name}, household of {num}, owes {amt} for {dx} admission. Approve 100%?
{missing charge|charge capture} || No charge dropped for {last} in {room}, {proc} on {sdate}. MRN {mrn}.
{superbill|encounter} || {lf} | {dob} | {ins} {member} | {cpt}, {cpt2} | {icd}, {icd2} | {amt}
{who paid|ERA} || Payment posted: {ins} check {dig2}, patient {name}, claim {claim}, paid {amt}, ptresp {amt2}, {cpt}.
{dispute|wrong bill} || I never had a{n|} {proc}! You billed me {amt} under account {acct}. {name}, {phone}
{balance|ambulance} || Ambulance bill for {name}, {dig} miles, ALS emergency, chest pain. {amt}. {ins} says out of network.
{attorney lien|MVA} || Please send itemized bills for our client {name}, DOI {date}, treated for {dx}. SSN {ssn}.
{COB|coordination} || Which is primary for {name}? {ins} {member} or Medicare {mbi}. Claim for {proc} is pending.
{workers comp|WC bill} || WC claim {claim}, injured worker {name}, back strain, 12 PT visits {cpt} unpaid.
{dental claim|D2740} || {name}, sub {member}, D2740 crown #14 and D3330 root canal: {amt}, need x-rays.
{prebill|DRG} || DRG review {lf} acct {acct}: sepsis query answered, moves 194 to 871.
{lab bill|Quest bill} || {first} {last} got a {amt} lab bill for the {labname}; ins says dx {icd} isn't covered. fix?
{HSA|receipt needed} || Receipt for HSA: {name}, {proc}, {date}, {amt}, paid by Visa. {org}
{copay|front desk} || {nm} still owes the $40 copay from the {proc} visit.
{interest|statement 3} || FINAL NOTICE. {name}. Services: {dept}, {date}. Dx: {dx}. Amount due {amt}. Account no. {acct}.
{underpaid|contract} || {ins} underpaid {claim}: {name}, {proc} w/ implant, expected {amt}, got {amt2}.
"""
T['benefits_hr'] = r"""
{FMLA|leave request} || {name} (employee {dig}) has asked for FMLA from {sdate}: {proc}. Cert from {dr} attached.
{short term disability|STD claim} || STD claim approved for {name}, SSN {ssn}, through {date}. Diagnosis {dx}.
{accommodation|ADA} || {first} {last} in shipping needs a stool and breaks because of {dx}. Doctor's note on file.
{return to work|RTW} || {name} is cleared to return {sdate}, no lifting over 10 lbs after {his} {proc}.
{EAP|fitness for duty} || Please arrange a fitness-for-duty exam for {name}. {He} disclosed {dx} and is taking {drug}.
{comp injury|incident 301} || OSHA 301: {name}, DOB {dob}, cut left hand on slicer, 6 sutures at {org}, out 2 days.
{benefits|enrollment problem} || {name}, ID {member}: dependents dropped off the plan while {his} {daughter|son|wife} is in the NICU.
{drug test|post accident} || Post-accident screen on {name} came back positive for {cocaine|amphetamine|THC}. Suspend pending MRO.
{LTD|appeal} || LTD appeal: {name}, {dx}, own-occ period ends {date}. Need {dr}'s functional capacity form.
{leave donation|PTO bank} || Coworkers want to donate PTO to {name}, who starts {chemo|radiation|dialysis} {day}. ok?
{maternity|baby} || {name} delivered early by C-section, so STD starts {sdate}, 8 wks.
{hospitalized|absence} || {fl} on line 3 was admitted with {dx}, {wife|husband} called. Cover {his} shifts.
{vaccine exemption|exemption} || Medical exemption for {name} (emp {dig}): history of {Guillain-Barré|anaphylaxis|myocarditis}. Approved thru {date}.
{COBRA|dependents} || COBRA election, {name}, {ssn}: covers spouse with {dx}, first premium {amt}.
{life insurance|EOI} || Evidence of insurability declined for {name}: {dx}, BMI 44, {lab}.
{stop loss|high claimant} || High claimant report: employee's {son|wife} {name}, {dob}, hemophilia, {amt} YTD.
{intermittent leave|intermittent} || Intermittent leave for {name}: up to 3 days/mo for {migraine|Crohn's|asthma} flares.
{wellness|biometric} || {name} biometrics: BP 152/96, {lab}, waist 44. Refer to coach at {email}.
{back surgery|coverage} || {nm} is out 6 wks, {proc}. Who can take the {Hendricks|Ashby} account?
{workers comp|WC update} || {lf}, DOI {date}: MRI shows {torn meniscus|L5 disc}. Modified duty only.
{Disability parking|parking} || Please give {name} a spot near Door 4, {he} uses oxygen for {dx}. Plate {LKJ|RTV|PDW}-{dig}.
{pension|disability retirement} || Disability retirement: {name}, {ssn}, totally disabled, {dx}. Board meets {sdate}.
"""
T['insurance'] = r"""
{prior auth|PA|auth request} || Prior auth for {proc}: {name}, DOB {dob}, {ins} {member}, dx {icd}, {cpt}, requesting {dr} NPI {npi}.
{eligibility|verify} || Can you verify {name} / {dob} / {member}? Coming for {proc} {day}.
{PA denied|peer to peer} || {ins} denied {drug} for {name}. P2P by {sdate}, ref {dig2}.
{Medicare number|card} || {mbi} is {name}'s new Medicare number. Rebill the {proc}.
{appeal|expedited appeal} || I am appealing the denial of {proc} for member {name} ({member}). Conservative treatment failed: {drug}, PT, injections. Without it {he} risks {sym}.
{case management|CM referral} || CM: {lf} {member} readmit #3 for {dx} since {sdate}. Lives alone, {addr}. Enroll.
{approved|auth} || AUTH {dig2} OK {date} - {date2}, {num} visits, {name}, {proc}.
{notification|admission notice} || Inpatient notification: {name}, {dob}, sub {member}, admitted {date} w/ {dx}, {room}. Fax clinicals.
{concurrent review|UR} || Concurrent review {lf}: day 5, IV {drug}, WBC down, PT recs SNF. Request 3 more days.
{LTC|long term care claim} || Long-term care claim for insured {name}, SSN {ssn}: needs help with 3 ADLs, {dx}.
{life claim|contestable} || Death claim, insured {name}, policy {dig2}{dig}: cause of death {dx}; undisclosed {drug} use on the app.
{travel claim|repatriation} || Insured {name} broke {his} hip in Lisbon. Policy {member}. Call {phone}.
{Medicaid|spenddown} || Medicaid id {member} for {name} termed {sdate}; {he} is mid-{chemo|pregnancy|dialysis}. Reinstate?
{out of network|gap exception} || Gap exception: no in-network {dept} doc within 60 mi for {name}, {dob}, {dx}.
{IRO|external review} || External review {dig2}: patient {name}, requested {proc}, plan says experimental.
{formulary exception|tier exception} || Tier exception please: {drug}, {name}, {member}, stable on it {num} months.
{DME|oxygen} || {name} {mbi} O2 sat 84% RA at rest, home oxygen 2L, CMN signed {dr}.
{subrogation|accident details} || Member {name} treated {date} for {dx}. Was this auto or work related? Ref {claim}.
{disenroll|plan change} || {name} switches to {ins} {sdate}. {drug} needs new PA. old id {member}
{broker question|group renewal} || One of the dependents, {name}, has {dx}; will the new carrier cover {drug}?
{retro auth|retro} || Retro auth, {mr}, emergency {proc} {date}, ID {member}.
{transplant|case rate} || Transplant case {name}, {dob}: listed for {liver|kidney|heart}, MELD 31, LOA w/ {org}.
"""
T['appointment'] = r"""
{Appointment reminder|Reminder|see you {day}} || Dear {name}, this is a reminder of your {proc} with {dr} on {sdate} at {time}. Please arrive 15 min early.
{reschedule|resched} || {nm} can't make {his} {proc} {day}, wants {time} instead. {phone}
{no show|DNKA} || {lf}, {mrn}, no-showed {dept} again. Third time. Discharge from practice?
{confirm|conf} || Confirming {name} for {proc} {sdate} {time}. Prep instructions went to {email}.
{schedule|tomorrow} || {time} {last} - {proc}¶{time2} {last2} - f/u {dx}¶{time3} {last3} - new pt, {sym}
{wait list|cancellation} || We have an opening for {dr} ({dept}) at {time} {day}. Could you call {name}, {phone}?
{Your upcoming visit|Visit details} || Hi {first},¶¶Your visit: {proc}¶When: {sdate}, {time}¶Where: {org}, {dept}¶¶Do not eat after midnight. Reply C to confirm.
{ride|transport} || Wheelchair van for {name}, {addr}, dialysis chair time {time} MWF.
{interp|interpreter} || Need {Hmong|Spanish|ASL|Dari} interpreter: {name}, {sdate} {time}, {proc}.
{post op check|f/u} || Book {mr} 10 days after {proc} for staples out.
{prep|bowel prep} || {name} - colonoscopy {day} {time}. Stop {drug} 5 days before. Driver required.
{recall|overdue} || {name} is overdue for {proc}. Last seen {date}. Send card to {addr}.
{telehealth link|video visit} || {first} {last}, join your video visit about {dx} at {time}: https://visit.example/{dig2}
{moved|new time} || The {proc} for {il} moved from {sdate} to {sdate2}. Tell {his} {daughter|son|wife}.
{new patient|npt} || New pt {name}, {dob}, {ins}, {sym} x {num} wks, {dr} {day} {time}.
{counseling|therapist} || {first} is confirmed with {staff}, LCSW, for {anxiety|grief|drinking} {day} {time}. last name {last}
{pre reg|registration} || Pre-registration incomplete: {lf}, {proc}, {sdate}. Missing insurance card.
{running late|late} || {mr} is running late for the {proc}, still do it?
{nuc med|stress} || {name} had coffee. Push {his} stress test to {day}?
{infusion chair|chair} || Chair 6 {time}: {last}, {drug} #{num}. Chair 7: {last2}, {drug2}.
{Recordatorio de cita|cita} || Estimado/a {name}: le recordamos su cita de {oncología|cardiología|ginecología} el {sdate} a las {time}. Traiga sus medicamentos.
{group visit|class} || {name} signed up for {diabetes class|prenatal class|cardiac rehab|smoking cessation}, {sdate}.
{ok for tmrw|ok?} || ok for {name} {day} {time}? wants the {proc}
"""
T['informal_name_only'] = r"""
{|re: call|hey|Q} || Can you squeeze {name} in {day}? {his} knee is worse
{|re:|} || {nm}'s {cdx} came back. what now
{|quick q} || did {nm} ever get that {proc}?
{|re: today} || {name} called, still has {sym}, wants to know if she should keep taking the {drug}
{|fyi} || fyi {name} is pregnant again
{ugh|today} || {mr} threw up all over exam 2, sending {him} home w/ zofran
{|thoughts?} || thoughts on {nm}? looks like {dx} to me
{|mom} || {first} {last}'s mom says the rash is back
{|re: Sat} || tell {sfirst} that {nm} was taken to the hospital last night, {dx}
{prayer list|please pray} || Please keep {name} in your prayers, {he} starts chemo on {sdate}.
{|bad news} || so sad about {name}. they found it in {his} liver too
{lunch?|} || btw {nm} relapsed, back in detox as of {day}
{|} || {name} wont be at practice, tore {his} ACL, surgery {sdate}
{class|rm 12} || {name} wet the bed at camp again, mom says its the {drug}
{|meds} || is {nm} off the {drug} yet?
{|re: {last}} || Biopsy on {nm} is bad. Will call {him} tonight.
{checking in|sub needed} || {Mrs. |}{name} is out, had a stroke on Sunday. Can you cover homeroom?
{|} || {sfirst}, {nm} fell again. no fracture this time
{|re: room} || put {last} in 3, droplet, coughing up a storm
{|dad} || Dad's roommate {name} has C diff, they moved him
{|gossip} || you didn't hear it from me but {name} got {his} stomach stapled
{|re: game} || {first} {last} concussed in the 2nd half, no screens till he's cleared
{|dr here yet} || {mr} in the waiting room is having chest pains NOW
{|tonight} || {nm} needs {his} wound looked at before we close
{|re: re: re:} || she means {name}, the one w/ the seizures
{neighbor|} || remember {name} from church? alzheimers, they put {him} in a home
{|yikes} || {nm}'s sugar was 480 this am
{|} || {name} HIV neg, phew
{|follow} || Any word from the surgeon on {nm}?
{|hi} || {first} {last} wants something stronger for the pain. I said no
{|the {gentleman}} || the {gentleman} we discussed, {last}, decided against the transplant
{|} || heard {name} lost the baby :(
{|sched} || {last} asking if {his} cath is still on
{|re: triage} || {nm} - fever 103 and stiff neck, told mom ER now
{|carpool} || {name} has lice so no sleepover
{|update} || {first} {last} is on the vent. family is flying in
{|re: session} || {name} was a mess today. crying, not sleeping, talked about not wanting to be here
{|clearance} || is {nm} ok for surgery w/ that murmur?
{|} || {last}'s girl is off her insulin again
{|re: voicemail} || lm for {nm} re {his} pap
{|} || can u call {nm} back, {he} cant pee
{|crutches} || {name} left {his} crutches in our lobby
{|grandma} || Update on {name}: the hip surgery went fine, rehab next
{|team} || {first} {last} tested positive, isolating til {day}
{|re: list} || take {nm} off my list, {he} died {day}
{|} || {name} finally went in for the {proc}. all clear!
"""
T['identifier_no_name'] = r"""
{chart|merge|mrn} || MRN {mrn}: {dx}, on {drug}. Please close the {dept} encounter.
{member q|member} || Member {member} called about {his} {proc} denial.
{ssn on file|id} || SSN {ssn} has two charts, one lists {dx}.
{callback|call} || Call {phone}, woman there says {he} has {sym} after the {proc}.
{claim|status} || What is the status of claim {claim}? {proc}, dx {icd}.
{acct|adj} || Adjust acct {acct}: ER visit {date} for {dx}, was self-pay, now has {ins}.
{pt|Pt} || Pt {mrn} {lab}. On call notified.
{delivery|drop} || Deliver the {oxygen|insulin|feeding pump|CPAP} to {addr}. Gate code {dig}.
{email pt|portal} || Please send {email} the instructions for {his} {proc}.
{medicare|mbi} || {mbi} - {drug} part D rejection, dx {icd}.
{DOB mismatch|mismatch} || DOB {dob} vs {dob2} on the {labname} sample from {room}, MRN {mrn}. Recollect.
{specimen|recollect} || Specimen {dig2}{dig} / patient id {mrn}: {resq}.
{survey|complaint} || Complaint from {phone}: waited 4 hours in ED with {sym}.
{device|recall} || Pacemaker serial {lot}{dig}, implanted {date} in pt {mrn}: lead fracture alert.
{record|ROI} || ROI for chart {mrn}: psych notes {date} to {date2}, incl. {dx}.
{plate|valet} || Car {KLP|TVR|HGX} {dig} in ambulance bay belongs to the {sym} patient from {addr}.
{dup|duplicate} || {mrn} and {dob} {he} is down for {proc} twice.
{IP|portal lockout} || Portal user {email} locked out, needs {his} {labname} result before {sdate}.
{ssn|verify} || last 4 {ssnlast}, born {dob}, {proc} on {sdate}. Can you find the auth?
{mom of|baby} || Baby of MRN {mrn}: bili 19, under lights.
{fax|fax} || Refaxed {mrn} (12 pp, {proc}) to {dept}.
{study|enroll} || Subject with MRN {mrn} had an SAE: {dx}, hospitalized {date}.
"""
T['recipient_list'] = r"""
{{dx} support group|Group tonight|Group dates} || Hello all, our {dx} support group meets {sdate} at {time}. Bring a friend.
{Infusion schedule|Clinic closed {sdate}} || To our {dialysis|infusion|chemo|methadone} patients: the unit opens late on {sdate}, your chair times move by one hour.
{Class reminder|Refresher} || Dear patients, the {diabetes|cardiac rehab|bariatric|prenatal} class has moved to {time}. Bring your {drug|meter|log book}.
{drug recall|Recall: {drug}} || You are receiving this because you take {drug}. Lot {lot} has been recalled, stop using it and call us.
{Your psychiatrist is moving|New location} || As a patient of {dr} ({dept}) you should know that the practice moves to {saddr}.
{Study invitation|Research} || You were seen at our {dx} clinic last year. We invite you to a study of {drug}.
{Flu shots|Vaccines} || Since you all have {asthma|COPD|heart failure|HIV}, please get your flu shot before {sdate}.
{Exposure notice|Notice} || Everyone who was in the {dept} waiting room on {sdate} may have been exposed to {measles|TB|pertussis}. You need testing.
{Survivors dinner|Dinner} || Our {breast cancer|transplant|stroke|NICU} families dinner is on {sdate}! RSVP.
{Mammograms|overdue} || You are due for your {proc}. Call to book.
{PrEP refill day|refills} || Friends, {PrEP|methadone|Suboxone} pick up this week is {day} only.
{billing change|statements} || All {dialysis|oncology|maternity} patients: statements now come from {org}.
{Fertility open house|IVF round} || Ladies, your {IVF|egg retrieval|ovulation} cycle calendar starts {sdate}.
{Hep C cure party|celebrate} || You did it! Everyone who finished {drug} treatment is invited.
{sleep|CPAP check} || CPAP users: bring your machine in the week of {sdate}.
"""
