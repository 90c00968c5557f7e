#!/usr/bin/env python3
"""make_held.py --seed N --count N --out DIR: the held-out corpus. Written apart from make_corpus.py: other texts, layouts,
columns, segments. Not to be shown to whoever writes rules."""
import argparse, json, random, csv, io
from corpuslib import *
import evasions
from evasions import attach, plain, htm, raw, head
P, N = {}, {}
P['clinical_note'] = r"""
{update|} || {mr} had a rough night; we upped the {drug} and {he} finally slept. Sats ok on 3L.
{your shared patient|shared pt} || Our shared patient {name} came by. I listened to {his} chest - crackles both bases - and I'm treating as {dx}.
{wound nurse|WOCN} || {lf} | sacrum stage 3 | 4.2 x 3.1 x 0.8 | serosanguinous | Dakin's bid | turn q2
{ICU|unit 7} || {il}, vent day {num}, FiO2 .6, trach {day}? Family meeting w/ {md} at {time}.
{letter|To whom it may concern} || To whom it may concern:¶¶I have cared for {name}, born {dob}, since {date}. {He} has {dx} and should be excused from jury duty.
{screening|screen} || AUDIT-C 11, PHQ-9 {num}. {name} agreed to start {drug}. Safety plan signed.
{phone note|TC} || TC from {name} at {time}. c/o {sym}. Advised fluids, ER if worse. {phone}
{eval|neuropsych} || {name} was seen for neuropsychological testing. MoCA 14/30. The profile fits {dx}. {He} should not be driving.
{tele-ICU|night doc} || {room}, {last}, {age}: map 58, started levo. Lactate pending. Code status DNR per {son}.
{delivery note|baby} || SVD of live male to {name} at {time}, apgars 8/9, EBL 300, 2nd degree repaired.
{birth plan|midwife} || {first} {last} is 41+2. Membranes swept. Induction {day} if nothing happens.
{vision|VA} || {name} OD 20/200 OS 20/40, IOP 31/18. Add {drug} qhs OD.
{oncology|onc f/u} || {name} returns after cycle 4. Neuropathy grade 2, hair gone, spirits good. Scan {day}.
{trauma|} || MVC vs pole, {name}, intubated in field, pelvis fx, going to IR.
{rehab|weekly conf} || Team conference {sdate} - {lf}: bathing mod A, toileting max A, barriers: {dx}. ELOS 12 d.
{case|the lady we spoke of} || About the {gentleman} with {dx} we spoke of ({name}): {he} wants everything done.
{pod|foot} || Debrided both great toes on {name}. Probe to bone left. Sending for films.
{SNF|nursing home} || Resident {name} rm {num}: refused meals x3, wt down 9 lb, {drug} held, POA notified at {phone}.
{detox unit|CIWA} || {fl} CIWA 21 at {time}, got {drug} {dose}. BAC on arrival .31
{transplant|tx clinic} || Donor workup: {name} {dob}, blood type O+, GFR 104, cleared. Recipient is {his} sister {name2}.
{summary|Re: summary} || PRESENTING PROBLEM: {sym}.¶SOCIAL: {name} lives with {his} aunt at {addr}.¶DIAGNOSTIC IMPRESSION: {dx}; r/o {dx2}.¶PLAN: weekly CBT, {drug} {dose}.
{vet|VA} || Veteran {name}, last four {ssnlast}, 70% SC {PTSD|tinnitus|knee}, asks for nexus letter.
"""
P['referral'] = r"""
{new one|} || Got a new one for you: {name}, {dob}. {sym}, nothing helps. Cell {phone}
{Please evaluate|eval} || Pls eval {lf} for {proc}. Auth not needed. {dx}.
{hand|ortho hand} || {nm} dropped a cast iron pan, thumb won't flex. Could you see {him} before the weekend?
{MFM|high risk} || Twin pregnancy, prior stillbirth: {name}, EDC {date}. She can drive up any {day}.
{need your eyes|} || I need your eyes on {nm}'s films. {He}'s losing {his} gait.
{Consultation request form|consult} || PATIENT {name}¶BORN {dob}¶INSURER {ins} / {member}¶ASK: {proc}¶WHY: {dx}, {sym}¶FROM: {md}
{cardiac rehab|phase 2} || Enroll {name}: 3 weeks out from bypass, EF 40, wants mornings.
{speech|peds speech} || {first} {last}, 3, stutters. Dad works nights so call {sfirst} at {phone}.
{counseling|couples} || Sending {name} and {name2} your way, affair + postpartum depression.
{tertiary|univ} || We are out of ideas with {name}. Failed {drug}, {drug2}, {drug3}. Can the university take over?
{dietitian|RD} || 12-yr-old {name} gained 40 lbs. Mom keen. {email}
{pulm|nodule} || 8mm nodule LUL, 30 pack years. {name}; MRN {mrn}; last CT {date}
{substance|IOP} || Can {name} start IOP {day}? Clean {num} days from {heroin|meth|alcohol}.
{lymphedema|therapy} || s/p mastectomy, arm swelling, {mr} would like a female therapist.
{audiology|} || {name} {phone} failed newborn hearing twice
{VNA|home} || {name} going home {day} w/ PICC, {drug} q12 thru {sdate}. Address {addr}
{ID consult|fever} || FUO 3 weeks. {mr} just back from Ghana. Smears neg. Help?
{podiatry|nails} || {name}, diabetic, can't reach {his} feet. {ins} {member}
"""
P['lab_results'] = r"""
{numbers|#s} || {name}'s numbers: {lab}; {lab2}; {lab3}.
{panic|alert value} || Panic value phoned to {staff} RN: {last} {room} {lab}.
{good news|} || Good news for {mr}: margins clear, nodes 0/14.
{not good|} || {name}. PET lit up. Please call me before {he} sees it on the portal.
{Result notification|Lab interface} || Patient: {name}¶Collected: {date}¶Test: {labname}¶Status: FINAL ABNORMAL¶Ordering: {md}
{send out|ref lab} || Ref lab called re {lf} {dob}: sample QNS, redraw {labname}.
{strep|rapid} || rapid + on {first} {last}, amox sent
{paternity|dna} || DNA on {name} and child: probability 99.99. Blood type O neg.
{culture|sens} || {nm}: ESBL, only carbapenem sensitive. Stop the {drug}.
{liver|LFTs} || {name} - {lab}, started {drug} 6 wks ago. Coincidence?
{pregnant|quant} || Quant doubled. {name} due around {date}. She's thrilled.
{colon|} || {num} polyps out of {mr} yesterday, one villous w high grade dysplasia. 1 year.
{fit|kit} || {name}, your stool kit was positive and you should book a {proc}. {org}
{covid|swab} || swab pos: {name} {dob} {phone}
{dexa|bones} || {name}: hip T -2.9. Would {he} take a yearly infusion?
{scan|wet read} || wet read {lf}: free air, call surgery
{sickle|hgb ep} || Electrophoresis on {name} shows S 78%, F 14%.
{csf|tap} || CSF on {il}: WBC 340, 80% lymphs, glucose 52, HSV pending.
{repeat|} || repeat on {mrn} still {lab}. Dialyze?
{toxic|lead} || Two brothers, {name} and {first2} {last}, lead 22 and 31. County notified.
{mutation|EGFR} || {name} EGFR exon 19 del, PD-L1 60%. Start osimertinib.
"""
P['prescription'] = r"""
{Refills|} || {mr} - 90 of the {drug} please, same sig, {ins}
{med change|} || Stop {drug}, begin {drug2} {dose} {sig}, for {name} ({dob}).
{pharmacist|counter} || Standing at my counter is {name}; script says {drug} {dose} {sig} - quantity?
{lost|stolen} || {name} reports {his} {drug} was stolen from the car. Police report {dig}. Replace?
{syringe|inj} || Teach {nm} to self-inject {drug}. Kit goes to {addr}.
{back order|sub} || {drug} on back order, {lf} has 2 days left. Ok to sub {drug2}?
{side effects|} || {name} quit the {drug} cold, said it gave {him} {sym}.
{hospice meds|comfort kit} || Comfort kit for {name}, {addr}: morphine 20/ml, lorazepam, atropine drops.
{Rx {dig2}|rx} || RX {dig2}¶FOR: {name}¶{drug} {dose}¶TAKE {sig}¶REFILLS {num}¶PRESCRIBER {md} NPI {npi}
{travel|} || {name} flies to Kenya, wants malaria pills and cipro
{dose|kids} || {first} {last} weighs 22 kg now, bump the {drug}?
{ADHD|monthly} || monthly {Adderall|Concerta|Vyvanse} for {name}, last filled {sdate}, school form too
{allergic|rash} || {nm} broke out after {drug} #3. List as allergy.
{PBM|transfer} || Transfer all scripts of {name}, dob {dob}, from Fernwood. {drug}, {drug2}.
{infusion order|orders} || {lf} {mrn}: {infliximab|ocrelizumab|iron sucrose} {num}0 mg IV, premed Benadryl.
{specialty|} || Specialty pharmacy needs chart notes for {name}'s {drug}; fax or {email}
{patch|} || {name} left a fentanyl patch on 6 days. Educated.
{EC|} || {name}, 17, asked for Plan B, doesn't want mom told
{taper|pred} || pred taper 60-50-40 for {mr}'s {dx}
{narcan|} || give {first} {last} narcan to go w/ {his} methadone
"""
P['billing_eob'] = r"""
{account|balance} || {name} - {acct} - {amt} for {proc}. Third letter returned from {addr}.
{appeal letter|} || We appeal the {date} decision on {name}'s {proc} ({claim}). {dx} is a covered condition.
{remit|835 question} || {ins} took back {amt} on {lf}, DOS {date}, {cpt} bundled.
{cash|self-pay} || How much cash for {mr}'s {proc}?
{Receipt|paid} || Received {amt} from {name} toward delivery and newborn care.
{timely filing|TF} || Timely filing denial {claim}. Patient {name} gave old {ins} card {member}.
{bankruptcy|} || Debtor {name}, SSN {ssn}, lists our {oncology|dialysis|ER} bill of {amt}.
{modifier|25} || add 25 to {cpt} on {nm}, same day {proc}
{statement} || STATEMENT¶{name}¶{addr}¶¶{date}  {proc}  {amt}¶{date2}  Office visit  {amt2}¶Insurance adj  -{amt3}¶PLEASE REMIT
{liability|crash} || Adjuster wants the bills of {name} from the crash, neck and back, {amt} so far.
{dx mismatch|rej} || Clearinghouse reject: {lf} {member}, {icd} not valid for sex {M|F}.
{prepay|deposit} || {name} paid half up front for {LASIK|IVF|breast reduction|veneers}.
{hardship|} || {first} {last} can't afford {his} {drug} copays, any foundation money?
{audit|RAC} || RAC pulled {lf}, acct {acct}, inpatient vs obs, chest pain.
{duplicate|dup} || Dup claim for {name}: {cpt} twice on {date}, {icd}.
{lawyer|lien} || lien {amt} on {name}'s settlement for {his} {shoulder|back|head injury}
{school district|medicaid billing} || OT minutes billed for {name} (Medicaid {member}), dx {icd}.
{write-off|} || write off {amt}, {mr} passed away from {dx}
"""
P['benefits_hr'] = r"""
{out for a while|coverage} || {name} will be out 6 to 8 weeks for {proc}. Keep it in the team please.
{paperwork|disability} || {ins} needs the attending statement for {name}, emp id {dig}, {dx}.
{concern|wellbeing} || I'm worried: {name} told me {he} has been having {sym} at work.
{doctor's note|note} || {name} brought a note: no standing over 2 hrs, {dx}.
{parental|leave} || {first} {last} had the baby early, in NICU 3 wks. Extend leave?
{needle stick|exposure} || {name} in {dept} had a needlestick {sdate}; source is hep C positive; PEP started.
{respirator|fit} || {name} failed the respirator physical, asthma.
{arbitration|grievance} || Grievant {name} claims dismissal for {bipolar disorder|epilepsy|HIV} history.
{wheelchair|desk} || Order a raised desk for {name}, who now uses a wheelchair after {his} stroke.
{bereavement|} || {name} lost the twins at 22 weeks, 5 days bereavement plus medical.
{payroll|STD pay} || Pay {name} ({ssn}) 60% from {date}, {chemo|surgery|depression}.
{cancer|news} || {first} {last} asked me to share with HR only that it's stage 2.
{comp|board} || WC board {dig2}: {lf}, rotator cuff, 14% impairment rating.
{fitness|pilot} || Medical on pilot {name} deferred, taking {drug}.
{TB|screen} || New hire {name} had a 14 mm PPD. Needs film before start.
{enroll|dependent} || Add dependent {name} {dob}, disabled, Down syndrome.
"""
P['insurance'] = r"""
{covered?|} || Is {proc} covered for {name}, {member}? DOB {dob}
{gap|} || {ins} says {name} has a lapse, {he} needs {drug} by {day}
{nurse review|UM} || UM nurse: {lf}, {member}, req {proc}, MCG not met, to MD review.
{LOA|single case} || Single case agreement for {name}, residential {eating disorder|detox|trauma} program, {amt}/day.
{PCP change|} || Change PCP of member {member} to {dr}; she sees {him} for {dx}.
{overturned|} || Overturned! {name} gets {his} {proc}.
{underwriting|APS} || APS on {name}, {dob}: {dx} 2019, on {drug}, rate table 4.
{crossover|} || Medicare {mbi} crossover failed, {name}, {cpt} {date}
{hospice election|} || {name} {mbi} elected hospice {date}, dx {icd}
{ID cards|} || New card for {name}: {member}, group {dig}, starts before {his} {surgery|due date|chemo}.
{quantity limit|QL} || QL override: {drug} #{num}, {name}, {member}, cluster headaches
{auto med pay|} || Insured {name}, whiplash, PT bills {amt}, policy {dig2}
{nonpar|} || {nm} saw a nonpar {anesthesiologist|surgeon|pathologist}, NSA applies, {claim}
{spanish|cobertura} || El afiliado {name}, número {member}, pide autorización para {quimioterapia|resonancia|diálisis}.
{pended|} || Pended {dig2}: need op note {name} {date} {cpt}
{risk adj|HCC} || HCC gap: {lf} {dob} {icd} not recaptured this year.
"""
P['appointment'] = r"""
{your visit} || {first}, we'll see you {sdate} {time} for your {proc}. {org}
{can't come|} || I can't come {day} for the {proc}. - {name}, {dob}
{moved up|earlier} || {dr} can take {mr} earlier, {time}, for the {proc}
{Friday|clinic list} || 0800 {lf} {proc}¶0830 {lf2} {dx}¶0900 open¶0930 {lf3} new, {sym}
{bring} || {name}: bring a full bladder and your last {mammogram|ultrasound} disc {day}.
{nicht|Termin} || {name} hat am {sdate} um {time} einen Termin zur {Dialyse|Chemotherapie|Darmspiegelung}.
{recordatorio} || Hola {first} {last}, su {mamografía|colonoscopia|ultrasonido} es el {sdate}. Llame al {sphone}.
{pickup|taxi} || Taxi to fetch {name} at {addr} {time}, radiation, 20 days straight
{3rd try|} || tried {name} x3 at {phone} to book the {proc}, no luck
{OR board|OR} || OR 3 {time} {last} {proc} / {dr}¶OR 4 {time2} {last2} {proc2}
{dental|hygiene} || {name}, 6-month cleaning plus crown seat {sdate}
{vaccine|2nd dose} || {first} {last}, second dose of {Shingrix|HPV|hep B} is due {sdate}
{baby check|} || newborn check for {name}'s little one {day}, jaundice
{canceled|cx} || {lf} cx {proc}, going elsewhere
{psych|intake} || Intake with {name}, court-ordered, {day} {time}
{double|} || we double booked {il} and {il2} for the {proc} room
{lab only|} || {name} coming fasting {day} for {labname}
"""
P['informal_name_only'] = r"""
{|} || {nm}'s cough is back. same inhaler?
{|} || Anyone heard how {name} is doing after the heart attack?
{|hm} || i think {name} is drinking again
{|} || {nm}? gave {him} two stitches, fine
{|re: dinner} || can't, sitting with {name} at the ER, {he} broke {his} collarbone
{|coach} || {first} {last} has asthma so keep the puffer on the bench
{|} || Was {nm} the one allergic to {drug}?
{|re: list} || {last} wants her tubes tied, consent?
{|} || {name} is in the psych ward, please don't visit yet
{|sub} || {name} out sick all week, pneumonia
{|hi} || {nm} says the new pills make {him} dizzy
{|} || {he} i mean {name} got the all clear from oncology
{|landlord} || tenant {name} just got out of rehab
{|} || {last} baby turned yellow, sending up
{|re: re:} || no the other one, {name}, dialysis tues/thurs
{|church} || Meals for {name} and family; back home after the double mastectomy.
{|quick} || {nm} pulling at {his} ear, 101.5, work in?
{|} || {name} miscarried :( send flowers
{|night} || {last} 212 agitated, gave haldol
{|} || how bad is {nm}'s diabetes really
{|re:} || She overdosed again. {name}. Narcan x2.
{|teacher} || {first} {last} needs the nurse at noon for {his} ritalin
{|boss} || {name} has carpal tunnel so no typing
{|} || wheelchair for {nm} at door B pls
{|} || {name} is deaf in the left ear, sit {him} up front
{|ok} || {nm} can eat now, swallow study ok
{|} || {name} tested neg, tell {him} to relax
{|q} || does {nm} still need the sling
{|fam} || aunt {name} has maybe a month
{|} || pls call {nm}, {his} mole is melanoma
{|friend} || {name} started on antidepressants, seems better
{|} || {last} cancelled her mammo again
"""
P['identifier_no_name'] = r"""
{} || {mrn} needs {proc} before {sdate}
{} || {phone} - callback, {sym}, asked for {dr}
{unk} || unidentified male, tattoo, brought from {addr}, {sym}
{} || id {member}: {drug} not covered
{} || {ssn} hx {dx} pls pull chart
{} || Patient at {email} still has {sym}
{} || chart {mrn} / {mrn2} swapped {labname} labels
{} || {mbi} home health recert, {dx}
{} || {claim} reopened: {icd}, {cpt}
{} || account {acct} was discharged on {drug}, no script
{} || dob {dob}, zip 558{num}, female, {dx} - same as the one you saw?
{} || Implant sn {lot}{dig} explanted from {mrn} for infection
{} || Rx {dig2} for {mrn}, {drug} {dose}
{} || member no. {member} delivered at 30 weeks
"""
P['recipient_list'] = r"""
{Thank you to our {dx} patients} || Thanks for coming to the {dx} talk. Slides attached soon.
{Your {drug} dose} || New instructions for everybody on {drug}: take it {sig}.
{Closed tomorrow} || Dear clients of the {methadone|fertility|eating disorder|HIV} clinic, we are closed {day}.
{Zoom link} || Link for {postpartum depression|grief|sobriety|Parkinson's} group: https://meet.example/{dig2}
{Parents of NICU grads} || Reunion of NICU families {sdate}!
{Test day} || You are all overdue for your {labname} draw.
{New therapist} || Since {staff} leaves, your therapy sessions continue with {staff2}.
{bone density van} || Ladies, time for your {proc}. The van is here {sdate}.
{hearing aid batteries} || For our hearing aid and {tinnitus|cochlear implant} patients: new hours.
{trial closed} || The {drug} trial you are in has closed early.
"""
N['business'] = r"""
{|} || {staff} and I are heading to {co}, want anything?
{runway|} || We have 14 months of runway. Board call {day}. {staff} dials in from {city}.
{QBR} || {co}'s QBR: NPS up, churn down, {staff} happy. They want SSO by {sdate}.
{printer|} || Printer by {staff}'s desk is dying. Can someone resuscitate it?
{re: trademark} || {staff2} at {co} will not oppose the mark. Docket {dig2}.
{photos|} || Photos from {staff}'s retirement are on the drive. That cake!
{sprint} || Sprint goal slipped; {staff} nurses the flaky suite, {staff2} does surgery on the schema.
{comp|salary bands} || Bands attached. {staff} to level-set w/ {staff2}.
{venue} || Venue fell through. {staff} found {saddr}, {amt} for the night.
{tax} || K-1s go out {sdate}. Ping {staff} w/ a new address.
{crew} || Crew call {time} at {saddr}. {staff} gaffer, {staff2} sound. Bring cold-weather gear.
{harvest} || Moisture 14%, {staff} starts the north quarter {day}.
{real estate} || Inspection found termites and a cracked joist at {saddr}. {staff} wants {amt} off.
{audition} || {staff} reads for the nurse, {staff2} for Dr. Malone. Sides attached.
{congregation} || Choir {time}. {staff} solo, {staff2} at organ.
{volunteers} || {staff}: food bank {day} shift has space.
"""
N['public_list'] = r"""
Re: [PATCH {num}/12] mm: treat poisoned pages || On {date}, {staff} wrote:¶>  	if (unlikely(page_is_sick(p)))¶> -		return;¶> +		goto recover;¶¶Nit: name the label out_heal. Otherwise Reviewed-by: {staff2} <{semail}>
[python-ideas] injecting dependencies || {staff} argued that explicit beats implicit. My diagnosis: we lack a use case. PEP {dig}?
[beekeepers] varroa || Drip with oxalic acid, dose by seam. {staff} lost 4 hives, mine are healthy.
[debian-bugs] #{dig2}: fails on armhf || Package: medcon. Version {num}.{num2}. X-Debbugs-CC: {semail}. Segfaults opening a DICOM with no patient name.
[astro] seeing report || {staff}: 1.2 arcsec, transparency 3/5, site {city}
[choir-l] tenor needed || Messiah {sdate}; {staff} has the hall booked. call {sphone}
[gnucash] import || CSV columns: date,payee,memo,amount. My payee "Walgreens Pharmacy" splits wrong. — {staff}
[runners] injury thread || General talk on shin splints: rest, ice, new shoes. Moderator {staff}
[epi-stats] GLM || n={dig}, outcome = readmission, exposure = smoking. Overdispersed. Thoughts? {staff}, PhD
[moderators] queue || {num} held messages; 3 spam for pills. {staff} cleared.
"""
N['health_article'] = r"""
{copy|} || Nearly one in {num} people will get {dx}, yet many never hear of it. Here is what {drf} wants readers to know about {drug}.
{sidebar} || HOW IT WORKS: {drug} blocks a protein that drives {dx}. It may bring on {sym}.
{wire} || ({city}) A judge ordered {co} to pay {amt} over claims that {drug} causes {sym}. Attorney {staff} hailed the ruling.
{blog} || Five foods that fight {sym}. Number 3 will surprise you! Posted by {staff}
{history note} || In 1854 John Snow traced cholera to a pump. {staff}'s new biography revisits the map.
{intl} || Health minister {staff} announced free {proc} for over-50s from {date}.
{FAQ page} || Is {dx} contagious? Can I fly with it? Should I stop {drug}? Ask your care team.
{quote check} || {staff}: is this right? "We saw {num}% fewer admissions for {dx}," said {drf}.
{sport} || Striker {staff} trained in full and is available for {day}'s match, the club said.
{review} || {staff}'s documentary follows a rural ambulance crew over one winter.
{advice} || Dear Abby: my neighbor snores. Is it {dx}? -- Sleepless. A: {drf} says get a {proc}.
"""
N['research_deidentified'] = r"""
{tables} || Table 2. Outcome by arm. {drug}: {num}/{dig} (12%); control {num2}/{dig2} (19%). RR 0.63.
{vignette} || Vignette 4: a middle-aged teacher with {sym}; what next? No real patient.
{limited|} || Ages binned by decade, zip3 only, dates shifted. {dig} rows of {dx}.
{zotero} || {staff}, {staff2}, and {staff3}. {dx} in rural clinics. BMJ Open. 2020;10:e{dig2}.
{power calc} || To detect a {num}% drop in {sym} with 80% power we need {dig} per arm. {staff}
{DSMB} || No unblinding. {num} SAEs, none related to {drug}. Chair {drf}.
{thesis} || Chapter 3: trust in {dept} staff, 22 interviews, pseudonyms used throughout. {staff}
{surveillance} || Week {num}: {dx} {dig} cases statewide, 2.1 per 100k, up from {num2}.
{bench} || Western shows knockdown; {staff} reruns w/ fresh {drug} {dose}.
{abstract no} || Poster {dig}: {proc} volumes fell {num}% in 2020 and recovered.
{simulated} || All encounters are simulated by actors; "patient" has {dx} and {sym}.
"""
N['jobs_press_providers'] = r"""
{wanted} || Wanted: night pharmacist, {city}. Ask for {staff}.
{PRN} || PRN {dialysis tech|sonographer|OT|CRNA} {amt}/hr. {semail}
{welcome} || {staff}, PA-C starts {day} with {dr} in {dept}: {proc}, {dx}, same-week visits.
{who's who} || {md} {npi}¶{staff2} NP {npi2}¶{staff3} DPM - {sphone}
{sanction check} || OIG search on {md}, NPI {npi}: no match.
{DEA renewal} || {drf} DEA {dea} expires {date}.
{lecture} || Grand rounds {sdate}: {drf}, "{dx}: beyond {drug}". Lunch.
{med staff minutes} || Approved: {staff} MD ({dept}) - {proc}; {staff2} DO - telemedicine.
{cover letter} || I managed {dx} and post-op patients for 6 years and charted in two EHRs. Sincerely {staff}
{best docs} || {drf} named Top Doctor in {city} for {proc}.
{coverage} || {dr} is away {sdate}; {staff2} NP covers. Refills to the nurse line.
{payer contract} || Add {md} {npi} to group {dig2}, effective {date}, taxonomy 363L00000X
"""
N['staff_operations'] = r"""
{tonight} || {staff} in {dept} til 11, then {staff2}
{sick calls} || Two call-offs in {dept}; {staff} coming in at {time}
{new pumps} || Go-live {day}: {staff}, {staff2} super users in {dept}
{blood fridge} || Blood bank fridge alarm {time}, {staff} moved units to backup.
{mock code} || Mock code in {dept} {day}. {staff} runs the manikin.
{cleaning} || Terminal clean of OR 2 done by {staff}. Air exchange ok.
{wifi} || {dept} wifi flaky; {staff} swaps the AP. Pagers work.
{stock} || {drug} vials: {num} left in {dept} Pyxis. {staff} ordered.
{rounds} || Leadership rounds {day}: {staff} takes {dept}, {staff2} takes {dept2}
{training due} || {staff}, your bloodborne pathogen course is {num} days overdue.
{construction} || Dust wall at {dept} through {sdate}. {staff}, ICRA permit {dig}
{template} || {dr} asked to open two {dept} slots on {day} for urgent adds.
{huddle board} || Days since last fall in {dept}: {num}. Thank {staff}!
{scrubs} || Scrub machine in {dept} takes new badges, see {staff}
{committee} || P&T {day}: {drug} review by {staff}, {drug2} shortage by {staff2}
{keys} || Narcotic keys for {dept} are with {staff}.
{patient experience} || {dept} top box {num}%. Quiet at night is our weak spot. — {staff}
"""
N['blank_forms_templates'] = r"""
{card} || Patient ____________ has an appointment on ________ at ____ with ________. 24h notice please.
{wording} || Proposed letter: "Your doctor has asked us to schedule a <procedure>. Bring your <insurance> card."
{tmpl} || Hello %%FNAME%%, refill of %%DRUG%% ready. DOB check: %%DOB%%
{assessment} || Pain (0-10): ___  BP: ___/___  Wt: ____¶Reason: [ ] {sym} [ ] {sym2}¶RN: ________
{travel form} || Traveller's name:          Vaccines given: [ ] yellow fever [ ] typhoid
{demo screen} || Screenshot text: Test, Patient / 01/01/1900 / MRN 0000000 / Dx TEST
{consent} || I understand that {proc} may cause {sym}. Signed ________ (patient) ________ (witness)
{sample letter} || Dear Dr. X: I saw Mr. Y, aged ZZ, with {dx}. (example for the residents)
{checklist} || Pre-op checklist: [ ] NPO [ ] consent [ ] {labname} [ ] stop {drug}
{html} || <label>Diagnosis</label><input name="dx"><label>SSN</label><input name="ssn" placeholder="000-00-0000">
{icd list} || {icdt}; {icdt2}; {icdt3} - map these
{fee list} || {cpt} {amt} / {cpt2} {amt2} / {proc} {amt3}
"""
N['invoice'] = r"""
{bill} || {co} bill {dig2}: {num} cases saline, {num2} sharps bins. {amt}. Terms net 15. {staff}
{po} || PO-{dig}: {drug} 10x{dose}, wholesale, {amt}. Buyer {staff}, ship {saddr}
{donation} || Thank you {staff} for {amt}. Receipt {dig2}. No goods or services.
{toner} || toner x{num}, {amt}, cost center {dig}, {dept}
{rental} || Rental {dig2}: mobile MRI trailer 3 days, {amt}, site contact {staff}
{eq} || Bed {lot}, wheel lock part {ssnlike}, {amt}
{late} || Second notice, acct {ssnlike}, {amt}, {co}. Ask for {staff}
{training invoice} || CPR class {num} seats {amt}. Instructor {staff}
{ups} || Pickup {sdate}. {track}. To: {staff}, {saddr}
{refund} || Refund of {amt} to card {dig}, order {dig2}-{dig}. Sorry {sfirst}!
"""
N['it_logs'] = r"""
{syslog} || Mar  4 10:11:12 ehr01 rxd[{dig}]: dose calc {num}us ok id={uuid}
{json log} || ‹"lvl":"warn","svc":"allergy-api","id":"{uuid}","ms":{num},"code":{dig}›
{smtp log} || to=<{semail}> dsn=2.0.0 stat=Sent ({hex} Message accepted)
{ids} || ET SCAN {ip}:{dig} -> {ip}:443 sid {dig2}
{backup} || {dig} of {dig2} charts archived, checksum {hex}
{crash} || java.lang.IllegalStateException: patient == null at Chart.open(Chart.java:{num})
{net} || eth0 RX {dig2} TX {dig2} err {num}; vlan {dept}
{change} || CHG{dig2}: patch lab interface {sdate} {time}. Implementer {staff}
{certs} || CN=hl7.{co}, serial {hex}, notAfter {date}
"""
N['source_code'] = r"""
{fn} || fn bmi(kg: f64, m: f64) -> f64 ‹ kg / (m * m) ›¶#[test] fn obese() ‹ assert!(bmi(120.0, 1.7) > 40.0); ›
{js} || const rx = /^\d‹3›-?\d‹2›-?\d‹4›$/; // ssn¶if (!rx.test(p.ssn)) throw Error('bad ssn')
{go} || // Diagnose walks the tree.¶func (n *Node) Diagnose() error ‹ return n.child.Treat() ›
{xslt} || <xsl:template match="ClinicalDocument"><name><xsl:value-of select="patient/name"/></name></xsl:template>
{tf} || resource "aws_db" "ehr" ‹ name = "patients" tags = ‹ owner = "{staff}" › ›
{sql} || SELECT p.id, count(*) FROM visits v JOIN patients p USING (pid) WHERE dx LIKE 'E11%' GROUP BY 1;
{enum} || enum Gender ‹ MALE, FEMALE › enum Route ‹ PO, IV, IM, SUBQ › // {drug}
{shell} || for f in *.hl7; do grep -c '^PID' "$f"; done
"""
N['number_lookalikes'] = r"""
{seq} || seats {ssnlike} thru {num}; scanner {dig2}
{grid} || Lat 46.{dig}, grid NW-{dig}-{num}, well {ssnlike}
{library} || Call no. RC{dig}.A{num}, barcode 3{dig2}{dig2}, due {date}. {staff}
{pallet} || pallet {dig2}, seal {lot}, lot {dig}-{num}-{dig}, exp {date}
{score} || 147-22-9010 was my best pinball run, {staff} got {dig2}
{voucher} || Voucher {ssnlike} PIN {dig}. Valid to {date}
{radio} || freq 462.{dig}, tone {num}.{num2}, call sign W{num}ABC ({staff})
{recipe} || 350 F, 45 min, {num} g flour; Grandma {slast}'s
{alarm} || panel {dig}-{num}-{dig}, zone {num}, code word ask {staff}
{election} || precinct {num}-{dig}: {dig} yes, {dig2} no
{claim check} || coat check {ssnlike}
{model} || Model {lot}-{dig}, FCC id {lot}, S/N {dig2}{num}
"""
N['marketing'] = r"""
{hey} || {sfirst}, your points expire {sdate}
{spa} || Massage + facial {amt}. Relieve {sym}! {org}
{clinic ad} || {org} now offers {proc}. Same-day slots, {sphone}.
{saas} || {sfirst}, charting burnout? {co} writes notes while you talk to patients.
{fair} || Health fair {sdate}: free {labname} checks, flu shots, zumba with {staff}
{app} || Track your {sym} with one tap. Download today.
{senior} || Senior living at {saddr}: memory care tours with {staff}
{book} || "{dx} Diet" by {drf} is 40% off
{event} || Gala for {dx} research {sdate}, host {staff}, tables {amt}
{rx savings} || Save on {drug}! Card BIN 610{dig}. Not insurance.
{course} || CME: {proc} update, {num} credits, faculty {drf}
"""
N['veterinary'] = r"""
{|} || {pet} ate a sock. {staff} bringing the {breed} in {time}
{rabies} || Rabies tag {dig}, {pet}, {breed}, {staff}, {saddr}
{results} || {pet}: {lab}. probably Cushing's, tell {staff}
{goat} || {staff}'s goats: CL abscess on {pet}, lance {day}
{board} || {pet} boarding w/ insulin {num} units bid. Owner {staff} {sphone}
{adopt} || Foster {pet} ({breed}) FIV neg, spayed, chip 9851{dig2}
{farm} || {num} calves scouring, lytes and {drug}. {staff}
{grooming} || {pet} had a rash under the collar, told {staff} to see Dr. {slast2}
{chemo} || {pet} lymphoma, CHOP wk {num}. {staff} asks about cost
{bird} || {staff}'s {parrot|cockatiel} {pet} plucking, xray clear
"""
N['benefits_general'] = r"""
{reminder} || Pick a plan by {sdate}! {ins} HMO or PPO. {staff} holds office hours.
{premium} || Family premium {amt}/mo; ER copay $250; {drug} tier 2.
{new perk} || Free therapy app for all staff. Code from {staff}.
{wellness} || Step challenge! {dept} leads. Winner gets {amt}.
{policy} || Bereavement and medical leave policy updated, p. {num}. Ask {staff}.
{vision} || {ins} vision: frames {amt}, exam $10
{cobra} || COBRA lasts 18 months; notices from {co}. {staff}
{carrier} || Rates: diabetes program included, {proc} at centers of excellence only. Broker {staff}
{life} || Voluntary life up to 5x salary, no exam under {amt}.
{hsa} || HSA limit rises. {staff}, ext {dig}
"""
N['pii_no_health'] = r"""
{hire} || {name}, SSN {ssn}, starts {sdate}, {addr}
{dmv} || title for {name}, DOB {dob}, DL {lot}{dig}
{tenant} || {name} moved to {addr}, {phone}
{kyc} || KYC: {name}, {dob}, passport {lot}{dig}, {email}
{1099} || 1099 for {name}, {ssn}, {amt}
"""
N['traps'] = r"""
{exam} || Exam room booked for the bar exam, {saddr}, {sphone}. {staff} proctors.
{heart} || Put heart into it! {staff} coaches {day}. Field at {saddr}
{operation} || Operation Clean Sweep {sdate}; {staff} leads; gloves provided
{virus} || {staff}'s laptop has a virus; quarantine till {time}
{chronic} || chronic delays at {co}; {staff} prescribes overtime
{blood} || bad blood between {staff} and {staff2}; mediate {day}
{patient} || Be patient with {staff}, new here.
{shot} || best shot of {staff}'s album: the ICU neon sign
{doctor} || {staff} can doctor the spreadsheet macros
{pulse} || Pulse survey {num}% in. {staff} reads the tea leaves
{treatment} || Water treatment plant: {staff} doses chlorine {num} mg/L
{labor} || Labor pains: union talks w/ {staff} resume {day}
{discharge} || discharge valve on pump {num} leaks, {staff} on it
{allergy} || {staff} joked he's allergic to meetings
{delivery} || Delivery complications: pallet late, {staff} at dock {num}
{ct} || CT clamp reads {num} A on phase B, {staff}
"""
TEXT = [k for k in P if k != 'recipient_list']
XL = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'; WD = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
def pick(r, d, k): return r.choice(lines(d[k]))
def split(c, t): t = c.fill(t); return [y.strip() for y in (t.split('||', 1) if '||' in t else ('', t))]
NOTE = L('attached; pls find enclosed; here; see file; 2 of 2; per your request; for the meeting; (no text); sent from scanner; thx')
GR = L('Hey {sfirst3}, ; {sfirst3} - ; Dr. {slast3}: ; Good afternoon, ; Hi there - ; All, ; ')
def dress(r, c, b): return c.fill(r.choice(GR)) + r.choice(' \n') + b if r.random() < .25 else b
def text(r, out, cat, d, lab):
    c = Ctx(r); s, b = split(c, pick(r, d, cat)); sub = None; kw = {}; w = ['body']
    b = dress(r, c, b)
    if r.random() < .25: b = rough(r, b)
    k = r.random()
    if k < .06 and lab == 'phi': kw['history'] = b; b = r.choice(['ok', 'Agreed, go ahead.', 'will call', '+1', 'On it - thanks', 'noted']); sub = 'quoted_history'; w = ['quoted']
    elif k < .14: kw['history'] = r.choice(NEUTRAL)
    elif k < .18 and lab == 'phi' and cat != 'informal_name_only': s, b, w = b[:110].replace('\n', ' '), r.choice(['(eom)', 'see subj', '']), ['subject']; sub = 'subject'; 
    if sub == 'subject' and not any(i['value'].split()[-1].lower() in s.lower() for i in c.ids if i['type'] != 'SSN4'): s, b, w, sub = '', s, ['body'], None
    c2 = 'business' if cat == 'traps' else cat
    if r.random() < .05:
        z = Ctx(r); b += '\n\n' + split(z, pick(r, N, r.choice(['business', 'staff_operations', 'marketing'])))[1]
    out.add(Mail(r, s, b, **kw).bytes(), lab, c2, sub or ('trap' if cat == 'traps' else 'personal' if cat == 'pii_no_health' else None), c.ids, c.health, w)
COLS = [('patient full name;dob;condition', lambda r, p: [p.full, fmt_date(r, p.born), r.choice(DX)]), ('ID;Last;First;Rx', lambda r, p: [p.mrn, p.last, p.first, r.choice(DRUGS) + ' ' + r.choice(DOSE)]), ('Room;Resident;Diet;Diagnosis', lambda r, p: [str(r.randint(100, 320)), p.last + ', ' + p.first[0], r.choice(['NAS', 'pureed', 'regular']), r.choice(DX)]),
 ('subscriber_id;subscriber;svc_date;proc_cd;billed', lambda r, p: [p.member, p.full, fmt_date(r, day(r)), r.choice(['99213', '70551', '45378']), str(r.randint(80, 2000))]), ('SSN;Empleado;Incapacidad', lambda r, p: [p.ssn, p.full, r.choice(['diabetes', 'embarazo', 'lumbalgia', 'depresión'])]), ('medrec;ptlast;ptfirst;lab;value;flag', lambda r, p: [p.mrn, p.last, p.first, r.choice(LABS)[0], '%.1f' % r.uniform(1, 90), r.choice('HLN')]),
 ('Appt;Pt;Reason;Cell', lambda r, p: ['%d:30' % r.randint(8, 16), p.full, r.choice(SYM), p.phone]), ('Student;Grade;Medication at school;Parent phone', lambda r, p: [p.full, str(r.randint(1, 8)), r.choice(DRUGS), p.phone]), ('MBI;Name;Plan of care start;ICD', lambda r, p: [p.mbi, p.full, fmt_date(r, day(r)), r.choice(ICD)[0]]), ('FirstName;LastName;Email;Therapy', lambda r, p: [p.first, p.last, p.email, r.choice(PROC)]), ('Donor;Blood type;Hep C;HIV', lambda r, p: [p.full, r.choice(['O+', 'A-', 'B+']), r.choice(['neg', 'pos']), 'neg']),
 ('MRN;Age;Sex;Arrival;Chief complaint;Dispo', lambda r, p: [p.mrn, str(p.age), p.sex.upper(), '03/02 14:%02d' % r.randint(0, 59), r.choice(SYM), r.choice(['home', 'admit', 'AMA'])]), ('Member;Gap;Last done', lambda r, p: [p.full, r.choice(['mammogram', 'colonoscopy', 'A1c', 'eye exam']), fmt_date(r, day(r))])]
def sheet(r, out):
    hd, f = r.choice(COLS); heads = hd.split(';'); ps = [Person(r) for _ in range(r.choice([1, 3, 4, 9, 15, 60]))]; PENDING.extend(ps); rows = [f(r, p) for p in ps]; k = r.random(); ids = [{'type': 'NAME', 'value': p.full} for p in ps[:3]]; hl = [heads[-1]]
    if r.random() < .3: heads = [h.upper() for h in heads]
    if r.random() < .2: heads = [h.replace(' ', '_') for h in heads]
    if k < .3: a, sub = ('f%s.csv' % digits(r, 3), 'text/csv', '\r\n'.join(','.join('"%s"' % y if ',' in y else y for y in w) for w in [heads] + rows).encode()), 'csv'
    elif k < .4: a, sub = ('f.csv', 'text/comma-separated-values', '\n'.join(';'.join(w) for w in [heads] + rows).encode('cp1252', 'replace')), 'csv'
    elif k < .75: a, sub = ('wb.xlsx', r.choice([XL, 'application/octet-stream', 'application/vnd.ms-excel']), xlsx([('Notes', [['Prepared by', Person(r).full]]), ('Tabelle1', [['', ''], [''] + heads] + [[''] + w for w in rows])] if r.random() < .4 else [('S', [heads] + rows)], shared=r.random() < .5)), 'xlsx'
    elif k < .85: a, sub = ('exp.zip', 'application/zip', zipped([('data.csv', '\n'.join(','.join(y.replace(',', ' ') for y in w) for w in [heads] + rows))])), 'zip'
    else:
        t = '\n'.join(' | '.join(w) for w in [heads] + rows[:8]); return out.add(Mail(r, 'table', r.choice(NOTE) + '\n\n' + t).bytes(), 'phi', 'spreadsheet', 'inline', ids, hl, ['body'])
    out.add(Mail(r, r.choice(['data', 'extract', 'march', 'FYI', 'roster']), r.choice(NOTE), [a]).bytes(), 'phi', 'spreadsheet', sub, ids, hl, ['attachment:' + sub])
def wrap(t, n=90):
    o = []
    for l in t.split('\n'):
        while len(l) > n: k = l.rfind(' ', 0, n); k = k if k > 0 else n; o.append(l[:k]); l = l[k:].lstrip()
        o.append(l)
    return o
def document(r, out, kind):
    c = Ctx(r); s, b = split(c, pick(r, P, r.choice(['clinical_note', 'referral', 'lab_results', 'prescription', 'billing_eob', 'insurance', 'appointment', 'benefits_hr', 'identifier_no_name'])))
    p = c.p[0]; ls = wrap(r.choice(['', '%s   Fax cover   pages: 2\n' % r.choice(ORGS), 'Our ref: %s\n\nDear Sir or Madam\n\n' % digits(r, 6)]) + b + r.choice(['', '\n\nYours faithfully\n%s' % Person(r).full, '\ncc: file']))
    if r.random() < .3: ls = ['Patient name: ' + c.note('NAME', p.full), 'Date of birth: ' + fmt_date(r, p.born), 'Diagnosis: ' + c.h(r.choice(DX)), ''] + ls
    if kind == 'pdf': a = (r.choice(['fax.pdf', 'Scan_2025.pdf', 'ltr.PDF', 'unnamed']), r.choice(['application/pdf', 'application/x-pdf', 'application/octet-stream']), pdf(ls if r.random() < .8 else ['Terms and conditions apply.'] * 50 + ls, compress=r.random() < .8, mode=r.randint(0, 3), title='Untitled'))
    else: a = (r.choice(['a.docx', 'New Document.docx', 'ltr.dotx']), WD, docx(ls if r.random() < .6 else ['See table'], table=None if r.random() < .5 else [['Name', 'Born', 'Problem'], [c.note('NAME', p.full), fmt_date(r, p.born), c.h(r.choice(DX))]], split=r.random() < .3, r=r))
    if kind == 'docx' and a[2] and not c.ids: return document(r, out, kind)
    out.add(Mail(r, r.choice(['doc', 'fax', 'for signature', 'attached', '']), r.choice(NOTE), [a]).bytes(), 'phi', kind + '_attachment', None, c.ids, c.health, ['attachment:' + kind])
def docx_safe(r, out):
    c = Ctx(r); s, b = split(c, pick(r, P, r.choice(['clinical_note', 'referral', 'lab_results', 'prescription', 'insurance']))); p = c.p[0]; k = r.random()
    if k < .5: d = docx(wrap(b, 200), split=r.random() < .3, r=r)
    elif k < .75: d = docx(['Case list'], table=[['Name', 'Born', 'Problem'], [c.note('NAME', p.full), fmt_date(r, p.born), c.h(r.choice(DX))]])
    else: d = docx(['Name: ' + c.note('NAME', p.full), 'MRN: ' + c.note('MRN', p.mrn), 'Medication: ' + c.h(r.choice(DRUGS))], header=r.choice(ORGS))
    out.add(Mail(r, r.choice(['doc', 'letter for you', '']), r.choice(NOTE), [(r.choice(['a.docx', 'New Document.docx']), WD, d)]).bytes(), 'phi', 'docx_attachment', None, c.ids, c.health, ['attachment:docx'])
def interop(r, out):
    c = Ctx(r); p = c.p[0]; PENDING.append(p); q = c.staff[0]; d = r.choice(ICD); lab = r.choice(LABS); k = r.choice(['hl7', 'fhir', 'x12', 'ccda', 'ndjson', 'cda_qrda']); c.note('NAME', p.full); up = lambda s: s.upper()
    if k == 'hl7':
        nl = r.choice(['\r', '\r\n', '\n']); seg = r.choice([['OBR|1|A|B|80061^LIPID|', 'OBX|1|NM|2093^CHOL||%d|mg/dL' % r.randint(120, 300)], ['RXO|%s|20||MG' % r.choice(DRUGS), 'RXR|PO'], ['PR1|1||47562^Lap chole'], ['PRB|AD|20250304|%s^%s' % d[:2]] if 0 else ['PRB|AD|20250304|%s^%s' % (d[0], d[1])], ['NTE|1||c/o %s' % r.choice(SYM)], ['IN1|1|PPO|%s|||||||||||||%s' % (r.choice(INS), p.full)]])
        t = nl.join(['MSH|^~\\&|A|B|C|D|20250101||%s|1|P|2.4' % r.choice(['ORM^O01', 'ORU^R01', 'ADT^A04', 'PPR^PC1', 'BAR^P01']), 'PID|1|%s|%s^^^X^MR||%s^%s||%s|%s' % (digits(r, 5), p.mrn, p.last, p.first, p.born.strftime('%Y%m%d'), p.sex.upper()), 'PV1|1|O|||||%s^%s' % (digits(r, 4), q.last)] + seg) + nl; a = (r.choice(['a.hl7', 'out.txt', 'hl7msg']), r.choice(['text/plain', 'application/edi-hl7', 'application/octet-stream']), t.encode())
    elif k in ('fhir', 'ndjson'):
        rs = [dict(resourceType='Patient', id='1', name=[dict(text=p.full)], birthDate=str(p.born)), r.choice([dict(resourceType='MedicationStatement', subject=dict(display=p.full), medicationCodeableConcept=dict(text=r.choice(DRUGS))), dict(resourceType='Procedure', subject=dict(reference='Patient/1', display=p.full), code=dict(text=r.choice(PROC))), dict(resourceType='Claim', patient=dict(display=p.full), diagnosis=[dict(diagnosisCodeableConcept=dict(coding=[dict(code=d[0])]))]), dict(resourceType='Immunization', patient=dict(display=p.full), vaccineCode=dict(text='MMR')), dict(resourceType='ServiceRequest', subject=dict(display=p.full), reasonCode=[dict(text=r.choice(SYM))])])]
        t = '\n'.join(map(json.dumps, rs)) if k == 'ndjson' else json.dumps(rs[1] if r.random() < .4 else dict(resourceType='Bundle', entry=[dict(resource=y) for y in rs])); a = (r.choice(['r.json', 'out.ndjson', 'x']), r.choice(['application/json', 'application/fhir+ndjson', 'application/octet-stream']), t.encode()); k = 'fhir'
    elif k == 'x12':
        e, s = r.choice([('*', '~'), ('*', '~\n'), ('|', '~'), ('*', "'\r\n")]); kk = r.choice(['837', '270', '277', '835', '278'])
        segs = [['ISA', '00', ' ' * 10, '00', ' ' * 10, '30', '%-15s' % digits(r, 9), '30', '%-15s' % digits(r, 9), '250101', '0900', '^', '00501', digits(r, 9), '0', 'T', ':'], ['GS', 'HC', 'A', 'B', '20250101', '0900', '9', 'X', '005010'], ['ST', kk, '0009'], ['NM1', r.choice(['IL', 'QC', '74']), '1', p.last, p.first, '', '', '', 'MI', p.member.replace(' ', '')], ['N3', p.addr.split(',')[0]], ['DMG', 'D8', p.born.strftime('%Y%m%d'), p.sex.upper()]] + {'837': [['CLM', digits(r, 5), '90'], ['HI', 'ABK:' + d[0].replace('.', '')]], '270': [['EQ', '30']], '277': [['STC', 'A3:21', '20250101']], '835': [['CLP', digits(r, 5), '4', '200', '0'], ['SVC', 'HC:90837', '200', '0']], '278': [['UM', 'SC', 'I', '2'], ['HI', 'BF:' + d[0].replace('.', '')]]}[kk] + [['SE', '9', '0009'], ['GE', '1', '9'], ['IEA', '1', digits(r, 9)]]
        t = ''.join(e.join(y) + s for y in segs); a = (r.choice(['c.txt', 'c.x12', 'EDI0304', 'c.dat']), 'application/octet-stream', t.encode())
    else: t = '<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole><id extension="%s"/><patient><name use="L"><prefix>Mr</prefix><given>%s</given><family>%s</family></name></patient></patientRole></recordTarget><component><section><title>%s</title><text><table><tbody><tr><td>%s</td></tr></tbody></table></text></section></component></ClinicalDocument>' % (p.ssn, x(p.first), x(p.last), r.choice(['MEDICATIONS', 'ASSESSMENT', 'RESULTS']), x(r.choice([r.choice(DRUGS), r.choice(DX), lab[0] + ' 9.1']))); a = (r.choice(['c.xml', 'export.cda', 'doc.txt']), r.choice(['application/xml', 'text/plain', 'application/octet-stream']), t.encode()); k = 'ccda'
    c.h(k)
    if r.random() < .2: return out.add(Mail(r, 'raw', 'paste:\n' + t.replace('\r\n', '\n').replace('\r', '\n')).bytes(), 'phi', 'interop_hl7_fhir_x12', k, c.ids, c.health, ['body'])
    out.add(Mail(r, r.choice(['msg', 'file', 'reject']), r.choice(NOTE), [a]).bytes(), 'phi', 'interop_hl7_fhir_x12', k, c.ids, c.health, ['attachment:' + k])
def clean_att(r, out):
    st = lambda: Person(r).full; k = r.choice(['menu', 'shifts', 'budget', 'policy', 'catalog', 'blankx', 'minutes', 'slides', 'names', 'invoice', 'vet', 'capstmt', 'img', 'survey'])
    def cs(rows): return '\r\n'.join(','.join(map(str, w)) for w in rows).encode()
    D = {'menu': lambda: ('menu.pdf', 'application/pdf', pdf(['Cafeteria', 'Mon: soup', 'Tue: low sodium chicken', 'Wed: tofu'])), 'shifts': lambda: ('shifts.csv', 'text/csv', cs([['Nurse', 'Unit', 'Mon', 'Tue']] + [[st(), r.choice(DEPTS), 'D', 'N'] for _ in range(9)])), 'budget': lambda: ('b.xlsx', XL, xlsx([('FY', [['Dept', 'FTE', 'Spend']] + [[d, r.randint(2, 60), r.randint(1000, 90000)] for d in r.sample(DEPTS, 9)])])), 'policy': lambda: ('pol.docx', WD, docx(['Policy 4.2 Release of records', 'Staff verify two identifiers: name and date of birth.', 'HIV, psychotherapy and substance use records need a special authorization.', 'Owner: ' + st()])),
      'catalog': lambda: ('cat.csv', 'text/csv', cs([['item', 'sku', 'price']] + [[r.choice(PROC).replace(',', '') + ' kit', digits(r, 6), r.randint(3, 400)] for _ in range(20)])), 'blankx': lambda: ('intake.xlsx', XL, xlsx([('form', [['Patient name', ''], ['DOB', ''], ['MRN', ''], ['Diagnosis', ''], ['Medication', 'Dose', 'Start']])])), 'minutes': lambda: ('min.docx', WD, docx(['Minutes, %s' % r.choice(DEPTS), 'Present: %s, %s, %s' % (st(), st(), st()), 'Falls down 12%. Sepsis bundle 88%.', 'Action: %s to order pumps.' % st()])), 'slides': lambda: ('talk.pdf', 'application/pdf', pdf(['%s: an update' % r.choice(DX), st() + ', MD', 'Trial of %s, n=%s' % (r.choice(DRUGS), digits(r, 3)), 'Thank you'], mode=2)),
      'names': lambda: ('attendees.csv', 'text/csv', cs([['Name', 'Company', 'Meal']] + [[st(), r.choice(ORGS), r.choice(['veg', 'fish'])] for _ in range(12)])), 'invoice': lambda: ('inv.pdf', 'application/pdf', pdf(['INVOICE ' + digits(r, 6), 'Bill to: ' + r.choice(ORGS), '4 x ECG electrodes  $80', 'Attn ' + st()])), 'vet': lambda: ('herd.csv', 'text/csv', cs([['tag', 'animal', 'owner', 'vaccine']] + [[digits(r, 4), r.choice(['cow', 'goat', 'dog']), st(), 'rabies'] for _ in range(9)])), 'capstmt': lambda: ('cap.json', 'application/json', json.dumps(dict(resourceType=r.choice(['CapabilityStatement', 'Questionnaire', 'PlanDefinition', 'Practitioner']), name=[dict(family=surname(r))] if 0 else 'X', title='Intake', status='active', item=[dict(text='Do you have %s?' % d) for d in r.sample(DX, 4)])).encode()), 'img': lambda: ('src.zip', 'application/zip', zipped([('a.py', 'def diagnose(p): return p.dx\n'), ('b.csv', 'code,name\nE11.9,diabetes\n')])),
      'survey': lambda: ('res.csv', 'text/csv', cs([['respondent', 'age group', 'exercise', 'smoker']] + [[i, r.choice(['18-29', '30-44', '45-64']), r.choice(['y', 'n']), r.choice(['y', 'n'])] for i in range(30)]))}
    out.add(Mail(r, r.choice(['file', 'as discussed', 'fwd: file', 'draft']), r.choice(NOTE), [D[k]()]).bytes(), 'clean', 'attachment_clean', k)
EXTRA = {
 'percent_encoded': lambda r, t: plain(r, 'https://x.example/?q=' + evasions.urllib.parse.quote(t)), 'css_class_hidden': lambda r, t: htm(r, '<style>.z{display:none}</style><p>hi</p><p class=z>%s</p>' % x(t)), 'html_pre_base64': lambda r, t: htm(r, '<pre>%s</pre>' % b64(t.encode())), 'html_dl': lambda r, t: htm(r, '<ul>%s</ul>' % ''.join('<li>%s</li>' % x(w) for w in t.split(' ', 2))), 'xlsx_split_cells': lambda r, t: attach(r, 'a.xlsx', XL, xlsx([('x', [[w] for w in t.split(' ', 3)])])),
 'docx_table': lambda r, t: attach(r, 'a.docx', WD, docx(['x'], table=[t.split(' ', 3)])), 'zip3': lambda r, t: attach(r, 'a.zip', 'application/zip', zipped([('b.zip', zipped([('c.zip', zipped([('d.csv', t)]))]))])), 'tar_in_zip': lambda r, t: attach(r, 'a.zip', 'application/zip', zipped([('b.tar', evasions.tar('n.txt', t.encode()))])), 'pdf_in_zip_in_eml': lambda r, t: raw(head(r, 'fw', ['Content-Type: message/rfc822']), attach(r, 'a.zip', 'application/zip', zipped([('p.pdf', pdf([t]))]))), 'two_quotes': lambda r, t: plain(r, 'see below\r\n\r\n| ' + t), 'mixed_width': lambda r, t: plain(r, ''.join(chr(ord(ch) + 0xFEE0) if ch.isalnum() and ch.isascii() and r.random() < .4 else ch for ch in t)),
 'armenian_homoglyph': lambda r, t: plain(r, t.replace('o', 'օ').replace('h', 'հ').replace('n', 'ո')), 'hair_space_digits': lambda r, t: plain(r, evasions.digitwise(t, '\u200a')), 'mongolian_vs': lambda r, t: plain(r, evasions.digitwise(t, '\u180e')), 'bdi_html': lambda r, t: htm(r, '<p>' + evasions.re.sub(r'(\d+)', r'<bdi>\1</bdi>', x(t)) + '</p>'), 'cc_display_name': lambda r, t: raw(head(r, 'hi', ['Cc: %s <a@b.example>' % ew(t, r), 'Content-Type: text/plain']), 'fyi'), 'koi8_mix': lambda r, t: plain(r, ''.join(evasions.HOMO.get(ch, ch) if r.random() < .3 and ord(evasions.HOMO.get(ch, 'a')) < 0x450 and ch not in 'iIS' else ch for ch in t).encode('koi8-r', 'ignore').decode('koi8-r'), cs='koi8-r')}
def evade(r, out):
    c = Ctx(r); t = c.fill(r.choice(['{name}, {ssn}: {dx} confirmed', 'results {name} {ssn} {lab}', '{ssn} {name} - {proc} {day}', 'Mr/Ms {name} (SSN {ssn}) takes {drug}', '{name} / {ssn} / {icd} / {dx}', 'regarding {name}, social {ssn}: {sym} after {proc}', '{name} {ssn} discharged on {drug} {dose}']))
    if r.random() < .2: k = r.choice(list(EXTRA)); return out.add(EXTRA[k](r, t), 'phi', 'evasion', k, c.ids, c.health, ['body'])
    k = r.choice(list(evasions.E)); f, w = evasions.E[k]; out.add(f(r, t), 'phi', 'evasion', k, c.ids, c.health, w)
def one(r, out, cat):
    if cat in TEXT: return text(r, out, cat, P, 'phi')
    if cat in N: return text(r, out, cat, N, 'clean')
    if cat == 'spreadsheet': return sheet(r, out)
    if cat == 'interop': return interop(r, out)
    if cat == 'attachment_clean': return clean_att(r, out)
    if cat == 'evasion': return evade(r, out)
    if cat == 'pdf': return document(r, out, 'pdf')
    if cat == 'docx': return docx_safe(r, out)
    c = Ctx(r); s, b = split(c, pick(r, P, 'recipient_list')); ps = [Person(r) for _ in range(r.choice([5, 7, 10, 18, 30]))]; PENDING.extend(ps)
    out.add(Mail(r, s, b, to=[p.email for p in ps]).bytes(), 'phi', 'recipient_list', None, [{'type': 'EMAIL', 'value': p.email} for p in ps[:3]], c.health or [s], ['headers', 'body'])
W = dict(clinical_note=6, referral=6, lab_results=6, prescription=6, billing_eob=6, benefits_hr=5, insurance=6, appointment=6, informal_name_only=8, identifier_no_name=5, recipient_list=3, spreadsheet=6, interop=6, pdf=5, docx=5, evasion=16,
  business=7, public_list=5, health_article=6, research_deidentified=6, jobs_press_providers=6, staff_operations=8, blank_forms_templates=6, invoice=5, it_logs=4, source_code=4, number_lookalikes=6, marketing=6, veterinary=5, benefits_general=5, pii_no_health=3, traps=7, attachment_clean=6)
def main():
    a = argparse.ArgumentParser(); a.add_argument('--seed', type=int, default=2); a.add_argument('--count', type=int, default=2000); a.add_argument('--out', required=True); o = a.parse_args()
    r = random.Random(o.seed * 7919); out = Out(o.out)
    for c in r.choices(list(W), list(W.values()), k=o.count): one(r, out, c)
    out.close(decoys=4000)
if __name__ == '__main__': main()
