"""Development templates without PHI: hard negatives. Same notation as tpl_phi.py; ‹ › become literal braces."""
T = {}
T['business'] = r'''
{Q3 numbers|forecast} || The pipeline looks healthy. {staff} will present the diagnosis of the churn problem {day} at {time}.
{lunch|offsite} || Lunch {day}? {staff} is buying. {co} at {time}.
{contract|redlines} || {staff}, attached are the redlines from {co}. Section 8 still bleeds us on indemnity. Call {sphone}.
{closing|title work} || Wire for {saddr} goes out {sdate}. {staff} will notarize. File {dig2}.
{re: standup|standup} || {staff}: blocked on the {release|vendor|API}. {staff2}: out {day}. {staff3}: done w/ the migration.
{kickoff|project kickoff} || Let's get this on life support until the budget clears. {staff} owns the recovery plan.
{office move|desks} || Desks move {day}. {staff} has the floor plan; badge problems to ext {dig}.
{travel|itinerary} || Your flight to {city} leaves {time} on {sdate}, confirmation {lot}. {staff} is on the same one.
{board|minutes} || Minutes: motion by {staff}, second {staff2}, carried 5-0. Next meeting {sdate}.
{hiring plan|headcount} || We need two more engineers. {staff} to draft the req by {day}.
{vendor risk|security review} || Please complete the questionnaire by {sdate}. Contact {staff}, {semail}, {sphone}.
{customer visit|visit} || {staff} from {co} visits {sdate}. Tour, lunch, then the exam of the prototype. Parking lot C.
{|parking} || whoever has the silver Honda plate {KLP|TVR} {dig}, your lights are on
{happy birthday|cake} || Cake for {staff} at {time} in the kitchen!
{property|lease} || Lease for {saddr} renews {sdate}. {staff} wants the HVAC treated as tenant cost.
{pr|launch} || The launch was painful, but the patient work of {staff} paid off. Post-mortem {day}.
{merger|due diligence} || Data room opens {day}. {staff} covers tax, {staff2} covers IP. Nothing terminal so far.
{expenses|report} || {staff}, receipt for {amt} is missing on report {dig2}.
{school|PTA} || Bake sale {sdate}. {staff} brings cups; {staff2} runs the bouncy house.
{soccer|game} || Game at {time} {day}, field 3. {staff} has jerseys. It'll be sick!
{proposal|sow} || {co} accepted the SOW at {amt}. Start {sdate}. Congrats {staff}!
{legal|nda} || NDA countersigned by {staff}. Matter {dig}-{dig}.
{website|copy} || The CTA button color is killing conversions. {staff} proposes green. A/B test ends {sdate}.
{intro|introduction} || {staff}, meet {staff2}. You both know {co}. I'll let you two find a time.
{hotel block|rooms} || Room block at the {Ambassador|Wyndmoor} closes {sdate}. {staff} has code {lot}.
{reference|ref call} || {staff} was a pleasure to work with, managed 12 people and a budget of {amt}.
{budget pain|budget} || Finance wants us to bandage this until FY26. {staff} thinks surgery is needed on the vendor list.
{volunteer day|habitat} || We build at {saddr} {sdate}. Steel toes. {staff} drives.
{insurance renewal|fleet policy} || Fleet policy {dig2} renews {sdate}, premium {amt}. {staff} at {co}, {sphone}.
{mtg notes|notes} || Notes from {day}: {staff} to send deck; {staff2} to check numbers w/ {co}; next sync {time}.
'''
T['public_list'] = r'''
[{dev|users|discuss}] {segfault in parser|build broken|patch v3 {num}/{num2}} || Hi all,¶¶I can reproduce this on trunk at {hex}. The health check returns 503 until the injector thread is up. Backtrace below.¶¶#0  parse_chunk (n={dig}) at chunk.c:{dig}¶#1  main () at main.c:{num}¶¶{staff}
Re: [{kernel|net|pkg}-devel] {doctor|lint} tool || On {sdate} {staff} wrote:¶> The 'doctor' subcommand should treat orphaned children first.¶¶Agreed. Symptoms are the same as bug {dig2}. Acked-by: {staff2} <{semail}>
[{ANN|RFC}] {libvital|chartjs-pulse|mdsurgeon} {num}.{num2} || The release {num}.{num2} is out. Changes: fixed a memory leak ({staff}), cardiac-arrest-on-shutdown race, better error for bad ICD files. sha1 {hex}
{Re: |}[{gardeners|birders|cyclists}] {ticks|black spot|knee pads} || {staff} recommends neem. My roses had black spot for years; prune, inject nothing, water at the roots.
[{ops|infra}] {maintenance|outage} {sdate} || Mirror {ip} will be down. Admin: {staff}. Tracking id {uuid}.
Re: {GPL|license} question || IANAL, but {staff} and {staff2} relicensed it in 2014. See commit {hex}.
[{genealogy|history}] the {slast} family of {city} || I seek descendants of {staff} (1843-1911), a cooper, and his wife {staff2}. Died of typhoid per the 1911 county death index, no stone.
[{medinformatics|openehr}] {terminology server|FHIR search} question || How do you model Condition.onset when only a year is known? We return Observation with value null. {staff} says use dataAbsentReason.
[{statalist|r-help}] survival curves || How do I plot Kaplan-Meier for two arms (n={dig}), stratified by stage? survfit() complains. Thanks, {staff}
[{radio|ham}] net {day} || Net control is {staff}, 146.{dig}. Check in by {time}.
[mailops] {spf|dmarc} reports || We see bounces from {ip}: 550 5.7.1 for {semail}. Queue id {lot}. Anyone from {co} here?
[bug {dig}] New: crash when {pasting|saving} || Reporter: {semail}¶Assignee: {staff}¶Severity: critical¶Steps: 1. open 2. exam tab 3. boom¶Expected: no crash
Digest, Vol {num}, Issue {num2} || Today's Topics:¶  1. Re: nurse scheduling as integer program ({staff})¶  2. CFP: workshop on clinical NLP ({staff2})¶  3. segfault ({staff3})
[{caregivers|educators}] book club || This month: a memoir of illness by {staff}. Discussion led by {staff2} on {sdate}.
Re: [db-general] vacuum || autovacuum treats table patient_visits every {num} min; dead tuples {dig2}. {staff}, what does pg_stat say about index idx_mrn?
'''
T['health_article'] = r'''
{Science page|health desk|draft article} || By {staff}¶¶Researchers at {org} report that people taking {drug} had fewer flares of {dx} than those on placebo. "We were surprised by the size of the effect," said {drf}, who led the work. The trial enrolled {dig} adults. Side effects included {sym} and {sym2}. Experts caution that longer follow-up is needed.
{newsletter item|wellness wed} || What is {dx}? It often begins with {sym} and {sym2}. Doctors diagnose it with {a physical exam and a|a} {proc}. Treatment may include {drug} or {drug2}. Talk to your doctor if you notice {sym3}.
{obit desk|profile} || {staff}, the surgeon who performed the state's first {proc}, is retiring after 40 years at {org}. Colleagues remember {staff2} and {staff3} at the operating table beside her.
{flu season|press} || Flu activity is high in {city}. "Get vaccinated," urges {staff}, spokesperson of the county health department. Emergency visits for influenza rose {num}% last week.
{column|op-ed} || Why are we still paying {amt} for {drug}? by {staff}. Every month millions with {dx} choose between insulin and rent. Congress has held {num} hearings.
{celebrity item|wire copy} || (Wire) Senator {staff} said {day} that the chamber will vote on {drug} pricing. {staff2}, a lobbyist for {co}, declined comment.
{podcast|episode notes} || Ep. {num}: {drf} on {dx} — myths, {drug}, and what your grandmother got right. Hosted by {staff}.
{school menu|allergy awareness} || Food allergy awareness week: know the signs of anaphylaxis, such as {sym}. Epinephrine saves lives. Nurse {slast} will demo trainers.
{FDA|approval} || The agency approved {drug} for adults with {dx} after a {num}-week trial. Common adverse reactions: {sym}, {sym2}. Analyst {staff} of {co} expects sales of $1.{num} billion.
{book review|review} || In "The Last Ward", {staff} writes of a 1950s sanatorium where {staff2}, its first matron, fought tuberculosis with open windows and milk.
{history|on this day} || On {sdate} 1922 insulin was first given to a 14-year-old boy in Toronto. Banting and Best shared credit. {staff} of {co} tells the story.
{explainer|Q&A} || Q: Does {drug} cause {sym}? A: In trials {num}% of people reported it. {drf}, an associate professor, suggests taking it with food.
{local news|clipping} || {city} — {org} opened its new {dept} {day}. Mayor {staff} cut the ribbon. The unit has {num} beds and cost {amt} million.
{fact sheet|handout} || {dx}: Key facts¶* About {num} in 1,000 adults are affected¶* Risk factors: smoking, obesity, family history¶* Symptoms: {sym}, {sym2}¶* Treatment: {drug}, {proc}¶Source: county fact sheet {num}
{magazine|feature edit} || {staff}, your piece on {dx} reads well. Can we get a quote from {drf} about {drug}, and cut the Osler anecdote?
{radio script|script} || HOST: With us is {drf}, {dept}. Doctor, who needs a {proc}? GUEST: Most people over 45. HOST: And if there's {sym}? GUEST: Sooner.
{letter to editor|letters} || Your story on {dx} left out cost. My own doctor friends agree. — {staff}, {city}
'''
T['research_deidentified'] = r'''
{abstract|poster draft} || Background: {drug} is widely used in {dx}. Methods: We reviewed {dig} adults (mean age {num}, 52% female) who had {proc}. Results: {lab} vs {lab2}, p=0.0{num}; HR 0.{num} (95% CI 0.{num2}-1.1). Conclusion: {sym} was less common. {staff} et al., J Clin Stud 2024;{num}:{dig}.
{case of the week|M&M deidentified} || A woman in her {40s|60s|70s} presented with {sym}. Work-up incl. {proc} showed {dx}. She did well on {drug}. All identifiers removed.
{registry|counts} || N={dig}; {num}% on {drug}; median {lab}; readmission {num2}%. Cells under 11 suppressed.
{IRB|protocol amendment} || IRB #{dig}: amendment 3 adds {drug} {dose} arm. PI {drf}. No subject-level data leaves {org}.
{lit review|papers} || {staff} A, {staff2} B. {proc} in {dx}: a meta-analysis. Lancet 2021;39{num}:1{num}-2{num2}. doi:10.1016/{dig}. Key: OR 1.{num}.
{survey results|needs assessment} || Of {dig} respondents, {num}% reported {sym}; {num2}% had ever used {drug}. By county: see table. No names collected.
{dashboard|weekly dashboard} || ED visits {dig}, LWBS {num}%, sepsis bundle {num2}%, mean door-to-doc {num} min. {dept} falls: {num2}.
{mouse data|in vivo} || Mice (n=12/arm) given {drug} {dose}/kg had smaller tumors (p<0.01). {staff} will repeat w/ the knock-out.
{grant|aims page} || Aim 1: define the mechanism of {sym} in {dx}. Aim 2: test {drug}. Key personnel: {staff}, PhD; {drf}. Budget {amt}.
{board question|quiz} || A 34-year-old man comes to the clinic because of {sym} for {num} days. {lab}. Which of the following is the most likely diagnosis? A. {dx} B. {dx2} C. {dx3}
{reviewer 2|peer review} || The authors should report how {dx} was ascertained (ICD {icd}?) and whether {drug} users were excluded. Minor: fig 2 legend. — {staff}
{trial update|enrollment} || Enrollment {num}/{dig}. Screen failures: {labname} out of range (n={num2}). DSMB meets {sdate}. Coordinator {staff}, {sphone}.
{synthetic set|sandbox data} || The synthetic cohort has {dig} records drawn from a model, no real people. Prevalence of {dx} set at {num}%.
{journal club|jc} || {staff} presents {day}: "{drug} vs {drug2} in {dx}". Lunch provided, {dept} conference room.
{teaching file|radiology teaching} || 56F. {sym}. {proc}: 3.2 cm mass. Dx {dx}. Anonymized for teaching, accession stripped.
{quality report|QI} || Quarterly QI report, {dept}: {proc} complication rate {num}/1000, target <5. {staff} chairs the workgroup.
{pharmacy DUR|utilization} || {drug} spend up {num}%, {dig} scripts, avg days supply 30. Top prescriber group: {dept}.
'''
T['jobs_press_providers'] = r'''
{Opening|Now hiring|Job}: {RN|LPN|phlebotomist|MA|PA} {dept} || {org} seeks a full-time nurse for {dept}, {num} hrs, BLS/ACLS. Sign-on {amt}. Send resume to {staff}, {semail}.
{Physician opportunity|locums} || BC/BE physician, {dept}, {city}. 1:6 call, EPIC, no OB. Recruiter {staff}, {sphone}.
{Please welcome|New provider} || We are delighted that {drf} has joined {dept}. {drf} treats {dx}, {dx2} and performs {proc}. To refer call {sphone}. NPI {npi}.
{directory|provider list} || {md} - {dept} - NPI {npi} - {sphone}¶{staff2}, MD - {dept2} - NPI {npi2}¶{staff3}, NP - same clinic, accepts {ins}
{credentialing|privileges} || Reappointment of {md}: DEA {dea}, NPI {npi}, board cert {dept} exp {date}, malpractice {co}. Privileges: {proc}, {proc2}.
{press release|for release} || FOR IMMEDIATE RELEASE: {org} names {staff} chief nursing officer. {staff} led the {dept} turnaround that cut falls {num}%.
{award|congrats} || Congratulations to {drf}, Physician of the Year, for work on {dx}. Reception {sdate}, {time}.
{resume|my CV} || Please find my CV. 9 yrs ICU RN: ventilators, CRRT, titrating {drug}. References: {staff2}, {staff3}. - {staff}
{interview|candidate} || Candidate {staff} interviews {sdate} for {Speech Therapist|Radiology Tech|Medical Coder}. {dept} panel: {staff2}, {staff3}.
{license|verification} || License verification: {md}, lic {dig2}, active, no discipline. DEA {dea}. Taxonomy 207R00000X.
{roster|plan roster} || {ins} roster update: add {md}, NPI {npi}, TIN {dig}{dig}, {saddr}; term {staff2}, MD {sdate}.
{speaker bio|bio} || {drf} is a fellowship-trained specialist whose interests include {dx}, {proc} and marathon running. Undergraduate at {co}.
{travel nurse|contract} || 13 wks, {dept}, {city}, {amt}/wk, 3x12 nights. Text {staff} {sphone}.
{residency|match day} || Welcome our interns: {staff}, {staff2}, {staff3}. Orientation {sdate}: BLS, badge, TB mask fit.
{referral guide|who to call} || For {dx}: {dr}, {dept}, {sphone}. For {proc}: {staff2}, PA. After hours page {dig}.
{obit|in memoriam} || We mourn {drf}, founder of {dept} at {org}, who taught generations to do a {proc}. Service {sdate}.
{retire|farewell} || {md} retires {sdate} after 31 years in {dept}. Cake at {time}.
'''
T['staff_operations'] = r'''
{Rota|schedule|call schedule} || {staff} covers {dept} {day}, {staff2} takes the weekend, {staff3} is backup.
{swap|shift swap} || {staff} swaps with {staff2} in {dept} on {sdate}. ok'd by {staff3}
{staff meeting|huddle} || Huddle {time}: census {num}, 4 discharges expected, {dept} short one RN. {staff} charge.
{in-service|training} || {staff} teaches the new {infusion pump|glucometer|lift|crash cart} in {dept} at {time}. Mandatory for all nurses.
{fire drill|drill} || Fire drill in {dept} {day}. {staff} is marshal. Do not move patients.
{HIPAA|privacy reminder} || Reminder: never email a patient's name with a diagnosis. Use MRN in the portal only. Questions to {staff}, Privacy Officer.
{elevator|facilities} || Elevator 3 near {dept} is down until {time}. Transport use elevator 5. {staff}, Facilities, ext {dig}.
{hand hygiene|audit} || Hand hygiene audit {dept} {num}%. {staff} will post results. Goal 95.
{drug shortage|shortage notice} || {drug} {dose} vials are short. Use {drug2} per P&T. {staff}, PharmD, ext {dig}.
{downtime|EHR downtime} || EHR down {sdate} {time}-{time2}. Use paper forms for orders and labs. Help desk {sphone}. {staff} is on the bridge.
{supply|par levels} || {dept} is out of IV start kits and 22g angiocaths. {staff} to order, lot {lot}.
{visitor policy|visiting hours} || Two visitors per bed in {dept} starting {sdate}. {staff} updates the signs.
{survey ready|Joint Commission} || Surveyors may arrive any day. {dept} leads: {staff}, {staff2}. Check crash cart logs and med fridge temps.
{provider meeting|clinic template} || {dr} wants new-patient slots cut to 40 min from {sdate}. {staff} to rebuild the {dept} template.
{on call|call trade} || {dr} and Dr. {slast2} trade call {sdate}. Operator please update, pager {dig}.
{parking|garage} || Garage B closed {day}. {dept} staff park at {saddr}.
{flu shots staff|employee health} || Employee flu clinic {sdate} in {dept}. Bring badge. {staff}, RN.
{float|staffing} || Need a float to {dept} tonight {time}. Text {staff} {sphone}.
{tumor board agenda|tumor board} || Tumor board {day} {time}, conference room B. {dr} presenting 3 cases; slides to {staff} by noon (no names please).
{new form|workflow} || Starting {sdate} MAs will document {labname} and BP recheck in the intake flowsheet. Tip sheet by {staff}.
{kudos|thank you} || Shout-out to {staff} and {staff2} in {dept} for staying late {day}!
{budget|FTE} || {dept} FTE request: 2 RNs, 1 tech. {staff} presents to finance {sdate}.
{biomed|PM due} || Biomed: {num} infusion pumps in {dept} overdue for PM. {staff} collects them {day}, SN {lot}{dig}.
{menu|cafeteria} || Cafeteria closes {time} {day}. Low sodium tray line moves to {dept}. {staff}
{lost badge|badge} || {staff} lost a badge near {dept}. Return to security ext {dig}.
{physician lunch|mtg w/ {dr}} || Can {dr} meet {staff} {day} at {time} to go over the {dept} expansion?
{policy|policy review} || Policy {num}.{num2} Restraints is due for review. Owner {staff}, {dept}. Comments by {sdate}.
{volunteers|volunteer} || {staff} volunteers in {dept} {day}s and needs a TB clearance form template - which one?
'''
T['blank_forms_templates'] = r'''
{new form|intake form} || Patient Name: ____________  DOB: ___/___/_____¶Phone: ______________  SSN: ___-__-____¶Allergies: ______________¶Do you have: [ ] {dx} [ ] {dx2} [ ] {dx3}¶Signature: ____________
{template|letter template} || Dear [Patient Name],¶¶Your recent [test] on [date] was [result]. Please call [clinic phone] to schedule [follow-up].¶¶[Provider]
{merge|mail merge} || ‹‹FirstName›› ‹‹LastName››, MRN ‹‹mrn››: your {proc} with ‹‹provider›› is on ‹‹date››.
{ROI|release form} || AUTHORIZATION TO RELEASE RECORDS¶I, ______________, authorize {org} to disclose: [ ] labs [ ] psychotherapy notes [ ] HIV status [ ] substance use¶to: ______________¶Expires: ________
{smart phrase|dotphrase} || .{uri}: Patient presents with *** for *** days. Denies ***. Exam ***. A/P: {dx}, start {drug} *** mg.
{phone script|script} || "Hello, may I speak with <NAME>? This is {org}. I'm calling to confirm your {proc} on <DATE>." If voicemail: leave no clinical detail.
{consent|consent form} || Consent for {proc}. Risks: bleeding, infection, {sym}. Patient/guardian: X_____________ Witness: X___________ Date: _______
{survey|PHQ-9 blank} || Over the last 2 weeks, how often have you been bothered by: 1. Little interest ( )0 ( )1 ( )2 ( )3¶2. {sym} ( )0 ( )1 ( )2 ( )3¶Name (optional): ________
{fax cover|cover sheet} || TO: ________ FROM: ________ PAGES: __¶RE: (patient initials only)¶CONFIDENTIAL HEALTH INFORMATION ENCLOSED
{example|sample entry} || Use the format LAST, FIRST - MRN - diagnosis, e.g. DOE, JANE - 000000 - test. SSN 123-45-6789 is a dummy.
{superbill template|superbill} || Patient: ______ Ins ID: ______ [ ] 99213 [ ] 99214 [ ] {cpt}¶Dx: [ ] {icdt} [ ] {icdt2}¶Copay: $____
{order set|order set draft} || ADMIT ORDERS - {dx}¶Diet: ____ Activity: ____¶[ ] {drug} {dose} {sig} [ ] {drug2} {dose2}¶[ ] {labname} q AM¶MD signature ______
{employee injury form|incident form} || Name of injured: ________ Body part: ________ Treated at: ________ Supervisor: ________
{return letter|excuse} || To whom it may concern: ______ was seen on ______ and may return to [ ] work [ ] school on ______.
{PA form|PA template} || Member ID: [          ]  Drug: [          ]  ICD-10: [      ]  Prescriber NPI: [          ]
{xml template|config} || <patient><name>$‹name›</name><dob>$‹dob›</dob><dx>$‹dx›</dx></patient>
{reminder wording|text wording} || Can we change the reminder text to: "Hi {first name}: you have an appt at {clinic} on {date/time}. Reply C"?
'''.replace('{first name}', '‹first name›').replace('{clinic}', '‹clinic›').replace('{date/time}', '‹date/time›').replace('.{uri}', '.{uri|hpi|cp}')
T['code_lists'] = r'''
{ICD update|new codes} || {icdt}¶{icdt2}¶{icdt3}¶Effective Oct 1. {staff}, coding
{crosswalk|charge master} || {cpt}  {proc}  {amt}¶{cpt2}  {proc2}  {amt2}¶{cpt3}  {proc3}  {amt3}
{formulary|P&T} || Added: {drug} {dose}, {drug2} {dose2}. Removed: {drug3}. Questions: {staff}, PharmD
{lab catalog|test menu} || {labname} - SST - $14¶{labname2} - lavender - $9¶{labname3} - stat only
{allergy list|dictionary} || penicillin¶sulfa¶latex¶codeine¶shellfish¶{drug}¶{drug2}
{edits|claim edits} || Edit {dig}: deny {cpt} with {icd} unless modifier 25. Owner {staff}.
{order codes|mapping} || local {lot} -> {labname}; local {dig} -> {proc}. Loaded by {staff} {sdate}.
{denial reasons|CARC} || CO-16 lacks information; CO-50 not medically necessary; PR-1 deductible. Post near your desk.
{DRG weights|grouper} || DRG {num}{num2} {dx} w MCC weight 1.{dig}; w/o 0.{dig}.
{vaccine codes|CVX} || CVX 140 influenza, 208 COVID-19, 33 PPSV23. NDC 499{dig}-{num}. {staff}
'''
T['invoice'] = r'''
{Invoice|inv|INV-{dig}} || Invoice {dig2}: {num} boxes {nitrile gloves|syringes|lancets|gauze|test strips}, {amt}. Net 30. Attn {staff}, {saddr}.
{PO|purchase order} || PO {dig2} to {co}: 2 exam tables, 1 {ultrasound|EKG cart|autoclave}, total {amt}. Ship to {dept}, attn {staff}.
{receipt|Payment received} || Thank you {staff}. Payment {amt} for order {ssnlike} received {sdate}. Card ending {dig}.
{quote|quotation} || Quote {lot}: {drug} {dose} case of 24, {amt}; freight extra. Valid to {sdate}. {staff} {sphone}
{order shipped|shipping} || Your order #{dig3} shipped by ground. Tracking {track}. Deliver to {staff}, {saddr}.
{overdue|AR} || {co}, invoice {dig2} for {amt} is {num} days overdue. Account {dig}-{dig2}. Contact {staff}.
{renewal|subscription} || Your {Pro|Team} plan renews {sdate} at {amt}. Customer {lot}. Questions: {semail}
{credit memo|return} || RMA {dig2}: returned {num} {wheelchairs|stethoscopes|bed pans}, lot {lot}, credit {amt}. Rec'd by {staff}.
{catering|order} || {num} box lunches {sdate} {time}, {dept} conference. {amt}. {staff}
{repair|work order} || WO {dig}: autoclave door gasket, {dept}. Labor 2h {amt}. Signed {staff}.
{remittance|ACH} || ACH {amt} sent {date} ref {dig2}{dig}. Vendor {dig}. {co}
{legal bill|fees} || For professional services, matter {dig}, {staff} 3.2 h, {staff2} .8 h: {amt}.
{print job|proof} || Proof for 500 {appointment cards|prescription pads|intake forms}: {amt}, approve by {sdate}. {staff}
{uniforms|scrubs} || {num} sets scrubs ceil blue M, embroidery "{slast}, RN", {amt}.
{linen|contract} || Linen {num} lbs at $0.{num2}: {amt}. {dept} gowns, sheets. {staff}
{parts|backorder} || Part {ssnlike} is backordered to {sdate}. Sub: {dig}-{num}-{dig}. Buyer {staff}.
'''
T['it_logs'] = r'''
{log|trace|stack} || {date} 03:12:{num} WARN [patient-svc] trace={uuid} GET /Patient/{dig2} 200 {num}ms¶{date} 03:12:{num2} INFO [rx-router] queue=refill depth={num}¶{date} 03:13:01 ERROR NullPointerException at LabResult.java:{dig}
{cron|backup} || backup of ehr_prod done, {dig} tables, sha1 {hex}, host {ip}
{alert|PagerDuty} || [FIRING] hl7_ack_latency > 30s on {ip} ({dept} feed). runbook 12. oncall {staff}
{ssh|auth.log} || sshd[{dig}]: Accepted publickey for {sfirst} from {ip} port {dig} ssh2: SHA256:{hex}
{sql|slow query} || Query_time: {num}.2 Rows: {dig2}¶SELECT id FROM encounter WHERE mrn = ? AND dx_code LIKE ?;
{disk|smart} || /dev/sdb SMART health: PASSED, reallocated {num}, serial {lot}{dig2}
{k8s|pods} || pod medication-api-{dig} CrashLoopBackOff restarts={num} node {ip}
{nessus|scan} || CVE-2024-{dig} on {ip}, {dept} kiosk. Severity high. Owner {staff}.
{mailq|bounce} || {uuid}: to=<{semail}>, relay={ip}:25, dsn=5.1.1, status=bounced
{metrics|report} || p50={num}ms p99={dig}ms; claims processed {dig2}; 837 rejects {num}; 999 acks ok
{ticket|INC{dig2}} || INC{dig2}: {staff} can't print from {dept} workstation WS-{dig}. MAC 00:1B:44:{num}:{num2}:B7. asset {lot}
{license|keys} || license key {uuid}¶support id {ssnlike}¶expires {date}
{dicom|pacs} || PACS: C-STORE SCU {ip} AE CT{num} assoc rejected, {num2} images pending, study uid 1.2.840.{dig}.{dig2}
{ci|build} || build {dig} failed: test_allergy_intolerance (tests.fhir) ... FAIL. commit {hex} by {staff}
'''
T['source_code'] = r'''
{snippet|code} || def dose_mg(weight: float, per_kg: float) -> float:¶    """Weight based dose."""¶    if weight <= 0:¶        raise ValueError("weight")¶    return round(weight * per_kg, 1)¶¶PATIENT_ID = re.compile(r"\d‹3›-\d‹2›-\d‹4›")
{patch|diff} || --- a/src/patient.rs¶+++ b/src/patient.rs¶@@ -{num},7 +{num},9 @@¶-    let mrn = row.get("mrn")?;¶+    let mrn: Option<String> = row.try_get("mrn")?;¶     // {staff}: dx may be null for walk-ins
{sql|migration} || CREATE TABLE prescription (id uuid primary key, drug text, dose_mg numeric, patient_id uuid references patient(id));¶INSERT INTO drug VALUES ({num}, '{drug}'), ({num2}, '{drug2}');
{fixture|test data shape} || const patient = ‹ name: faker.name(), dob: faker.date(), dx: pick(["{icd}", "{icd2}"]) ›;¶expect(mask(patient.ssn)).toBe("***-**-****");
{yaml|config} || rules:¶  - id: us-ssn¶    regex: '\b\d‹3›-\d‹2›-\d‹4›\b'¶    keywords: [patient, diagnosis, {drug}]
{review|PR {num}} || PR {dig}: {staff} asks why Diagnosis extends Entity. nit: rename treat() to handle(). lgtm otherwise
{regex|help} || how do I match a date of birth like MM/DD/YYYY but not {num}/{num}? I have ^\d‹2›/\d‹2›/\d‹4›$ - {staff}
{schema|types} || type LabResult struct ‹¶  Code string `json:"code"` // e.g. A1c¶  Value float64¶  PatientID string¶›
{css|style} || .patient-card ‹ border: 1px solid #c0c0c0; › .allergy ‹ color: red; ›
{make|Makefile} || test: ## run tests¶\tpytest tests/test_icd.py -k "hypertension or asthma"¶lint:¶\truff .
'''
T['number_lookalikes'] = r'''
{parcel|survey} || Parcel {ssnlike} and {ssnlike}, see plat {dig}. Surveyor {staff}.
{part numbers|BOM} || P/N {ssnlike} rev C, qty {num}; P/N {dig}-{num}-{dig}; supersedes {dig3}. {co}
{bridge|conference} || Dial {sphone}, conference id {num}{dig} {dig}, pin {dig2}#
{tracking|shipment} || Tracking {track}, BOL {dig2}, PRO {dig}{dig}. Driver {staff}, {sphone}
{serials|assets} || Serial {lot}{dig2}, asset {dig2}, model DX-{num}, {dept} storage. {staff}
{isbn|books} || ISBN 978-1-{dig}-{num}{num2}-7, 3 copies, {staff}
{case no|docket} || Docket {num}-cv-{dig}, hearing {date}, Judge {slast}. Bates {dig2}-{dig2}.
{gift cards|codes} || Codes: {dig}-{dig}-{dig}, {dig}-{dig}-{dig}. Redeem at {co}.
{coordinates|gps} || 44.{dig2}, -92.{dig2}; gate code {dig}; {staff} has the key
{scores|stats} || Final 103-98, {staff} 31-9-5, shot 12-22. Next game {date}.
{flight|confirmation} || Conf {lot}, ticket 016 {dig}{dig}{num}, seat 14C, {staff}
{meter|utility} || Meter {dig2}-{num} read {dig} on {date}; account {ssnlike}; service at {saddr}
{lottery|raffle} || Winning tickets: {dig2}, {ssnlike}, {dig}. {staff} has the prizes
{lab supply|reagents} || Cat. no. {num}-{dig}-{num2}, CAS 50-78-2, lot {lot}, exp {date}, {num} vials
{vin|fleet} || VIN 1FT{dig}{dig2}{num}, plate {KLP|TVR} {dig}, unit {num}, driver {staff}
{permit|bid} || Bid {dig}-{num}-{dig} due {sdate} {time}. Permit {dig2}. {staff}
{wifi|setup} || SSID guest, key {dig}-{dig}-{dig}; AP {ip}
{tax lot|assessor} || APN {num}{num}-{dig}-{num}, EIN {num}-{dig}{num2}1, {co}
{crypto|wallet} || tx {hex} confirmed in block {dig2}
{class codes|enrollment} || Section {dig}, CRN {dig2}, room {num}, instructor {staff}, {date}
'''
T['marketing'] = r'''
{Sale|{num}% off|Last chance} || {sfirst}, don't miss {num}% off {running shoes|mattresses|standing desks|vitamins}. Ends {sdate}! Code {lot}.
{webinar|Join us} || Webinar {sdate}: Modern patient engagement. Speakers {staff} and {drf}. See how clinics cut no-shows {num}%.
{New at {org}|Open house} || Visit our new {dept}! Meet {drf}, tour the rooms, free blood pressure checks and balloons, {sdate} {time}.
{Know your numbers|heart month} || February is heart month. Know your cholesterol, A1c and BP. Book at {sphone}.
{Medicare plans|Open enrollment} || Turning 65? {ins} plans from $0. Dental, vision, hearing. Agent {staff}, {sphone}.
{demo|Quick question} || {sfirst}, does {org} still chart refills by hand? {co} automates prior auths for {drug} and more. 15 min {day}? — {staff}
{newsletter|{MONTH|spring} news} || In this issue: 5 tips for {sym}, a recipe by {staff}, and what to ask before a {proc}. Unsubscribe
{gym|new year} || Lose weight without {drug}! First month {amt}. Coach {sfirst2}
{supplements|joint support} || Got {sym}? Our {turmeric|collagen|CBD} helps. These statements are not evaluated by the FDA. Order {dig2}
{fundraiser|5K} || Walk for {dx} {sdate}! Team captain {staff}. Register {amt}.
{telehealth ad|skip the waiting room} || {dx}? {dx2}? See a doctor online from {amt}. {drug} delivered discreetly. No insurance needed.
{hearing aids|hearing} || Trouble hearing? Free exam {sdate} at {saddr}. Call {staff}, {sphone}
{dental special|smile} || New-patient special: cleaning, exam and X-rays {amt}. {dr} welcomes families.
{survey|how did we do} || Rate your experience with {co} and win {amt}. Takes {num} sec.
{expo|conference} || Early bird for the {dept} summit closes {sdate}. Keynote {drf}: "{drug} in {dx}". CME {num} credits.
{CFP|call for abstracts} || Call for abstracts: {dx} conference, {city}, {sdate}. Chair {staff}.
{pet food|treats} || {sfirst}, {num}% off hip & joint chews this week.
{Thanks for downloading|whitepaper} || Hi {sfirst}, here is your guide to {dx} care management software. {staff}, {co}
'''
T['veterinary'] = r'''
{{pet}|reminder for {pet}} || {pet} is due for rabies and {bordetella|distemper|FeLV}. Owner {staff}, {sphone}.
{labs|bloodwork {pet}} || {pet}'s {lab}. Start {methimazole|carprofen|pimobendan} {dose} BID. Tell {staff}. — Dr. {slast2}, DVM
{neuter|spay} || {pet} ({breed}, 14 kg) is booked to be {spayed|neutered} {day} {time}. {staff} drops off.
{limping|lameness} || {staff}'s {breed} {pet} is limping, left hind. X-ray shows cruciate tear. TPLO {day}?
{herd|herd check} || Herd health {sdate}: {num} heifers preg checked, 3 open. {staff}, {saddr}. Culls: mastitis.
{refill|rx for {pet}} || {staff} wants a refill of {pet}'s {phenobarbital|insulin|prednisone|gabapentin} {dose}.
{vaccines|kennel} || Kennel needs vaccine records for {pet}, {breed}, client {staff} acct {dig}.
{Biopsy|path {pet}} || Histopath on {pet}: mast cell tumor grade II, clean margins. Owner {staff} notified {sdate}.
{dental|teeth} || {pet} had 4 extractions, home on {clindamycin|buprenorphine}. Owner {staff}.
{euthanasia|sad} || We said goodbye to {pet} today, kidney failure at 15. Card for the {slast} family please.
{horse|colic} || {staff}'s {quarter horse|pony} {pet} colicked overnight, banamine given, passing manure.
{tick|lyme snap} || 4Dx positive for Lyme on {pet} the {breed}. Doxy {dose}. {sphone}
{invoice|estimate} || Estimate for {pet}: ultrasound, {lab}, hospitalization, {amt}. {staff} approved.
{insurance|pet claim} || Pet claim {dig2}: {pet}, {breed}, foreign body surgery {amt}. Policyholder {staff}, {saddr}.
'''
T['benefits_general'] = r'''
{Open enrollment|benefits} || Open enrollment ends {sdate}. Medical deductible goes to {amt}. Ask {staff} in HR.
{dental plan|vision} || The vision plan now covers {LASIK|contacts|exams}. {ins} cards mail {sdate}. {staff}
{HSA|FSA} || FSA can pay for {sunscreen|glasses|physical therapy}. Deadline {sdate}. Questions to {semail}.
{plan design|renewal} || {ins} proposes +{num}% with a {drug} carve-out. Broker {staff}. Decide {sdate}.
{FMLA policy|leave policy} || Policy: up to 12 weeks for birth, adoption or a serious health condition. Forms from {staff}.
{EAP|wellness} || The EAP gives 6 free counseling visits, anonymous. Call {sphone}. Flyers from {staff}.
{formulary change|tier change} || From {sdate} {drug} moves to tier 3, {drug2} needs prior authorization. Group {dig}.
{wellness day|lunch & learn} || Lunch & learn {sdate}: sleep, stress and {dx}. Presenter {staff}, RN. No sign-up.
{plan doc|SPD} || SPD p. {num}: {proc} is covered at 80% after deductible when medically necessary.
{short term disability|STD policy} || STD pays 60% for up to 26 weeks; maternity is treated like any other disability. {staff}
{carrier switch|new carrier} || We leave {ins} for United Prairie {sdate}. {staff} will hold Q&A {day} {time}.
{ACA|1095} || Forms 1095-C mail by {sdate}. Update your address with {staff}, ext {dig}.
{flu shots|flu clinic} || Free flu shots for employees {sdate} {time}, break room. {staff} brings forms.
{insurance product|product sheet} || Accident and critical illness product: {amt} lump sum on first diagnosis of cancer, heart attack or stroke. {co}, {staff}
'''
T['pii_no_health'] = r'''
{lease application|tenant} || Applicant {name}, SSN {ssn}, DOB {dob}, {addr}. Credit 712.
{W-4|new hire} || New hire {name}: {ssn}, start {sdate}, {addr}, direct deposit {dig2}.
{background check|bgc} || Run {name}, DOB {dob}, SSN {ssn}, for the driver job.
{passport|visa} || Passport {lot}{dig}, {name}, born {dob}, flight {sdate}.
{loan|mortgage app} || Borrower {name} {ssn}, {amt} on {addr}.
{contact update|new number} || {name}'s new number is {phone}, {addr}.
{class roster|roster} || {name} {email}¶{name2} {email2}¶{name3} {email3}
{W-9|vendor setup} || {name} dba {co}, SSN {ssn}, W-9 attached.
'''
T['traps'] = r'''
{exam schedule|finals} || Final exam {sdate} {time}, room {num}. Bring ID. Office {saddr}, {sphone}. Prof. {slast}
{surgery on the budget|ops review} || The operation succeeded: {staff} cut {amt} from freight. Doctor's orders: rest!
{clinic|coding clinic} || Golf clinic with {staff} {day} {time}. Bring patience.
{prescription for growth|strategy} || {co}'s prescription: fewer SKUs. Side effects: angry reps. {staff} disagrees.
{drug store lease|retail} || The pharmacy at {saddr} signs 10 years. Tenant rep {staff}, {sphone}.
{hospital bid|RFP} || {co} bids on the {dept} tower: 240 beds, MRI vault, {amt}M. PM {staff}.
{nurse call|wiring} || Nurse call wiring in {dept} fails inspection. Electrician {staff} back {day}.
{cancer sign|horoscope} || Cancers should avoid conflict today; {staff} says your lucky number is {num}.
{stroke rate|rowing} || {staff} held stroke rate 34 in the final. Heart! Next regatta {sdate}.
{depression|econ} || {staff}'s lecture on the Great Depression and the {num}% output gap is {day}.
{stress test|bank exam} || Bank stress test and safety exam {sdate}. Examiner {staff}. Account sample {dig2}.
{injection molding|process} || Injection pressure drifts on press 4; {staff} suspects a seizure of the pump. P/N {ssnlike}.
{blood drive|blood drive} || Blood drive {sdate} in lot C. {staff} has sign-ups. All types welcome.
{first aid kit|safety} || Restock the first aid kits: bandages, aspirin, epi pens. {staff}, Safety, {sphone}
{diagnostic report|vehicle} || Diagnostics: code P0{dig}, cylinder 3 misfire, {saddr}, {staff}'s truck.
{patent exam|office action} || The examiner rejects claims 1-{num} over {slast}. Response due {sdate}. Dr. {slast2} can declare.
{clinical photo release|headshots} || Headshots for providers {sdate}: {dr}, {staff2}, NP. White coat please.
{Med school|interview} || {staff} interviews for medical school {sdate}. Bring transcript and proof of immunization form.
{room set up|sim lab} || Sim lab: mannequin "{Stan|Annie}" will have {dx}, BP 80/40, {drug} given. Actors {staff}, {staff2}.
{training case|tabletop} || Tabletop drill: fictional victim list, {num} burns, {num2} chest pain. Controller {staff}.
'''
