package simphonyfake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"time"

	"github.com/farmacyfoods/pointofsale/vendors/kit/fakekit"
)

// bulkJob is a file of records that is processed later.
type bulkJob struct {
	id       int64
	table    *table
	verb     string
	comments string
	records  []record
	created  time.Time
	done     bool
	results  []map[string]any
	failed   int
}

const bulkField = "BulkImportFile"

func bulkInsert(t *table) handler { return bulking(t, "Insert") }
func bulkUpdate(t *table) handler { return bulking(t, "Update") }
func bulkDelete(t *table) handler { return bulking(t, "Delete") }

// bulking makes an endpoint that takes a file, checks all of it, and queues it.
func bulking(t *table, verb string) handler {
	return func(f *Fake, r *http.Request) (any, error) {
		file, err := upload(r)
		if err != nil {
			return nil, err
		}
		records, err := decodeRecords(file)
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			return nil, fail(http.StatusBadRequest, "VALIDATION ERROR", "A non-empty request file is required.")
		}
		if err := f.checkBulk(t, verb, records); err != nil {
			return nil, err
		}
		job := &bulkJob{id: int64(1000 + len(f.jobs)), table: t, verb: verb, comments: r.Header.Get("Comments"), records: records, created: f.now}
		f.jobs = append(f.jobs, job)
		f.runBulk()
		return map[string]any{
			"message": "The request is submitted for processing.", "requestId": job.id,
			"requestTimeStampUTC": f.now.Format("2006-01-02T15:04:05.0000000Z"),
		}, nil
	}
}

// upload reads the file of a multipart form.
func upload(r *http.Request) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, fail(http.StatusUnsupportedMediaType, "Unsupported Media Type", "The file must come as multipart/form-data.")
	}
	parts := multipart.NewReader(bytes.NewReader(fakekit.Body(r)), params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, fail(http.StatusBadRequest, "VALIDATION ERROR", "%s is required.", bulkField)
		}
		if err != nil {
			return nil, fail(http.StatusBadRequest, "VALIDATION ERROR", "The form is broken: %v", err)
		}
		if part.FormName() == bulkField && part.FileName() != "" {
			return io.ReadAll(part)
		}
	}
}

// checkBulk validates every record; one that is wrong spoils the whole file.
func (f *Fake) checkBulk(t *table, verb string, records []record) error {
	seen := map[string]bool{}
	for i, r := range records {
		f.complete(t, r)
		if s := r.str("miMasterOptions"); s != "" && len(s) != masterOptions {
			return fail(http.StatusBadRequest, "VALIDATION ERROR", "Record %d: The field miMasterOptions must be a string of length 8.", i)
		}
		if verb != "Delete" {
			if err := f.validate(t, r); err != nil {
				p := asProblem(err)
				return fail(p.status, p.title, "Record %d: %s", i, p.detail)
			}
		}
		if t.noun == "MenuItemPrices" && verb == "Update" && !r.has(t.id) {
			return fail(http.StatusBadRequest, "VALIDATION ERROR", "Record %d: %s is required field.", i, t.id)
		}
		key := t.key(r)
		if r.has(t.id) {
			key = "id " + plain(r[t.id])
		}
		if seen[key] {
			return fail(http.StatusBadRequest, "VALIDATION ERROR", "Record %d: Duplicate %s.", i, t.keys[len(t.keys)-1])
		}
		seen[key] = true
	}
	return nil
}

// runBulk ends the jobs whose time has come, in the order in which they came.
func (f *Fake) runBulk() {
	for _, job := range f.jobs {
		if due := job.created.Add(f.cfg.BulkTime); !job.done && !f.now.Before(due) {
			f.process(job)
		}
	}
}

func (f *Fake) process(job *bulkJob) {
	job.done = true
	for _, r := range job.records {
		var err error
		switch job.verb {
		case "Insert":
			_, err = f.insert(job.table, r)
		case "Update":
			_, err = f.replace(job.table, r)
		default:
			err = f.remove(job.table, r)
		}
		result := map[string]any{"recordStatus": "Success"}
		for _, k := range slices.Concat([]string{"hierUnitId", "objectNum"}, job.table.keys) {
			if r.has(k) {
				result[k] = r[k]
			}
		}
		if err != nil {
			job.failed++
			result["recordStatus"] = "Error : " + asProblem(err).detail
		}
		job.results = append(job.results, result)
	}
}

func (f *Fake) bulkStatus(r *http.Request) (any, error) {
	in, err := object(r)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(f.jobs, func(j *bulkJob) bool { return j.id == in.num("requestId") })
	if i < 0 {
		return nil, fail(http.StatusBadRequest, "VALIDATION ERROR", "No Entities found!!")
	}
	job := f.jobs[i]
	out := map[string]any{"requestId": job.id, "comments": job.comments, "successRecordCount": 0, "failedRecordCount": 0, "response": []any{}}
	switch {
	case !job.done && f.now.Sub(job.created) < f.cfg.BulkTime/2:
		out["status"], out["message"] = "Queued", "The request is queued."
		return out, nil
	case !job.done:
		out["status"], out["message"] = "InProgress", "The request is in progress."
		return out, nil
	}
	out["status"] = "Completed"
	if job.failed > 0 {
		out["status"] = "CompletedWithErrors"
	}
	out["successRecordCount"], out["failedRecordCount"], out["response"] = len(job.results)-job.failed, job.failed, job.results
	out["message"] = fmt.Sprintf("Time taken to process the bulk request : %d is %d seconds", job.id, int(f.cfg.BulkTime/time.Second))
	return out, nil
}
