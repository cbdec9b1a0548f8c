package simphony

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// recordsPage is the page size of reads; a record has some 2 KB.
const recordsPage = 1000

// readRecords reads all records that match.
func (p *Provider) readRecords(ctx context.Context, op, path string, in readRequest) ([]record, error) {
	var list []record
	in.Limit = recordsPage
	for {
		var page readAnswer
		r := kit.Request{Op: op, Method: http.MethodPost, Path: path, Repeatable: true}
		if _, err := p.ccapi.JSON(ctx, r, in, &page); err != nil {
			return nil, err
		}
		list = append(list, page.Items...)
		if !page.HasMore {
			return list, nil
		}
		n := int(page.Count)
		if n <= 0 {
			n = len(page.Items)
		}
		if n == 0 {
			return nil, fail(op, pos.KindProtocol, errors.New("an empty page says that there is more"))
		}
		in.Offset += n
	}
}

// write sends one record. It is repeated only if that does no harm.
func (p *Provider) write(ctx context.Context, op, path string, rec record, repeatable bool) (record, error) {
	var raw record
	r := kit.Request{Op: op, Method: http.MethodPost, Path: path, Repeatable: repeatable}
	if _, err := p.ccapi.JSON(ctx, r, rec, &raw); err != nil {
		return nil, err
	}
	switch code := raw.text("errorCode"); {
	case code != "" && !strings.EqualFold(code, "success"):
		return nil, &pos.Error{Vendor: vendor, Op: op, Kind: pos.KindInvalid, Code: clip(code), Err: &Problem{Status: http.StatusOK, Title: clip(code), Detail: clip(raw.text("detail", "message"))}}
	case raw.num("status") >= http.StatusBadRequest:
		return nil, inside(op, "", &problemWire{Status: int(raw.num("status")), Title: raw.text("title"), Detail: raw.text("detail")})
	}
	return raw, nil
}

// bulkField is the name of the file in a bulk request; unconfirmed.
const bulkField = "BulkImportFile"

// bulk uploads a file of records and returns the id of the request, by which
// its end can be asked for. It is never repeated: nobody could tell which of
// two requests did what.
func (p *Provider) bulk(ctx context.Context, op, path string, records []record) (int64, error) {
	file, err := json.Marshal(records)
	if err != nil {
		return 0, fail(op, pos.KindInvalid, err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(bulkField, "records.json")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return 0, fail(op, pos.KindInvalid, err)
	}
	var answer record
	r := kit.Request{Op: op, Method: http.MethodPost, Path: path, Body: body.Bytes(), ContentType: form.FormDataContentType()}
	if _, err := p.ccapi.JSON(ctx, r, nil, &answer); err != nil {
		return 0, err
	}
	id := answer.num("requestId", "id")
	if id == 0 {
		return 0, fail(op, pos.KindProtocol, errors.New("the answer names no request id"))
	}
	return id, nil
}

// bulkResult is the state of a bulk request.
type bulkResult struct {
	done   bool
	failed []bulkFailure
}

// bulkFailure is a record of a bulk request that was not taken. Which of its
// numbers the service names differs by kind.
type bulkFailure struct {
	unit, number, master, definition int64
	err                              error
}

// bulkStatus asks how far a bulk request is.
func (p *Provider) bulkStatus(ctx context.Context, id int64) (bulkResult, error) {
	const op = "BulkStatus"
	var answer struct {
		Status   string   `json:"status"`
		Response []record `json:"response"`
	}
	r := kit.Request{Op: op, Method: http.MethodPost, Path: pathBulkStatus, Repeatable: true}
	if _, err := p.ccapi.JSON(ctx, r, map[string]int64{"requestId": id}, &answer); err != nil {
		return bulkResult{}, err
	}
	out := bulkResult{done: bulkEnded(answer.Status)}
	for _, row := range answer.Response {
		if status := row.text("recordStatus"); !strings.EqualFold(status, "success") {
			out.failed = append(out.failed, bulkFailure{
				unit: row.num("hierUnitId"), number: row.num("objectNum", "menuItemMasterObjNum"),
				master: row.num("menuItemMasterId"), definition: row.num("menuItemDefinitionId"),
				err: fail(op, pos.KindInvalid, fmt.Errorf("bulk request %d: %s", id, clip(status))),
			})
		}
	}
	return out, nil
}

// bulkEnded reports whether a status is final. Oracle does not list them all:
// what does not sound like waiting has ended.
func bulkEnded(status string) bool {
	s := strings.ToLower(status)
	for _, waiting := range []string{"queue", "progress", "pending", "submitted", "processing", "started", "running"} {
		if strings.Contains(s, waiting) {
			return false
		}
	}
	return s != ""
}

// between is a search criterion for numbers.
func between(field string, from, to int64) string {
	return fmt.Sprintf("greaterThan(%s, %d) and lessThan(%s, %d)", field, from-1, field, to+1)
}
